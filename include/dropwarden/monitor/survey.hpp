// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// The mounts of containers that a monitor would mark now, and those that it would not with the reason,
// without marking any. Empty when the mount table cannot be read.
std::vector<WatchedMount> survey_mounts(privilege::Privilege& privilege, const config::Watch& watch,
                                        std::shared_ptr<const container::Snapshot> snapshot);

}  // namespace dropwarden::monitor
