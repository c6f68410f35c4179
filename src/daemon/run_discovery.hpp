// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "dropwarden/config/config.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "sources.hpp"

namespace dropwarden::daemon {

// Asks all sources once for their containers. Takes as long as the slowest runtime, at most twice its
// timeout.
std::shared_ptr<const container::Snapshot> run_discovery(privilege::Privilege& privilege,
                                                         const config::Runtimes& runtimes, Ended ended);

}  // namespace dropwarden::daemon
