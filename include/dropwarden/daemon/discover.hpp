// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/config/config.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::daemon {

// What a daemon with this configuration would watch, found once and without one: the same JSON as its report,
// without marks and ledger. Takes as long as the slowest runtime, at most twice its timeout.
std::string discover_containers(privilege::Privilege& privilege, const config::Config& config);

}  // namespace dropwarden::daemon
