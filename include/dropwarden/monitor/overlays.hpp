// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/monitor/watched_mounts.hpp"

// The names that WatchedMount and WatchedMounts had while overlays were all that was watched.
namespace dropwarden::monitor {

using Overlay = WatchedMount;
using Overlays = WatchedMounts;

}  // namespace dropwarden::monitor
