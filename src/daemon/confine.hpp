// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/sandbox/enter.hpp"

namespace dropwarden::daemon {

// Each enters its profile in the calling process, which has one thread, and says in the log what is missing
// of it. Throws sys::SystemError when the kernel takes no filter.
void confine_marker(sandbox::Enforcement enforcement);
// It may write in the directory of its database `store`; empty: nowhere.
void confine_monitor(sandbox::Enforcement enforcement, const std::string& store);

}  // namespace dropwarden::daemon
