// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "box.hpp"
#include "support/daemon.hpp"

namespace dropwarden::test {

// Which sensors work at the places of a container, by the names in `places`, as the daemon reports it. Empty
// until all places are watched.
std::map<std::string, std::set<std::string>> read_active_sensors(const Daemon& daemon, const Box& box);

}  // namespace dropwarden::test
