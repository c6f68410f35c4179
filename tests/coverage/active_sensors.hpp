// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "box.hpp"
#include "support/daemon.hpp"

namespace dropwarden::test {

// What a run switches off and on, by the names of sensors; `upper_layer:writes` is off unless it is in `on`.
struct Switches {
  std::set<std::string> off{};
  std::set<std::string> on{};
};

// The configuration for that. Mounts are swept every half minute, which is after all that a run does.
std::string make_sensor_configuration(const Switches& switches);

// Which sensors work at the places of a container, by the names in `places`: as the daemon reports it of
// marks, and of the others by its configuration. Empty until all places are watched.
std::map<std::string, std::set<std::string>> read_active_sensors(const Daemon& daemon, const Box& box,
                                                                 const Switches& switches = {});

// True once a scan has been through all that is watched of a container, as the daemon reports it.
bool is_scanned(const Daemon& daemon, const Box& box);

}  // namespace dropwarden::test
