// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/container/registry.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::monitor {

// No file that the container of `mount` has changed has an earlier ctime: when the runtime started it, or its
// process. The epoch when that cannot be told.
util::WallTime read_container_start(privilege::Privilege& privilege, const WatchedMount& mount,
                                    const container::Snapshot& snapshot);

}  // namespace dropwarden::monitor
