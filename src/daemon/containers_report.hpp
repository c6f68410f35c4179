// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/upper_layers.hpp"
#include "dropwarden/monitor/vital_signs.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"

namespace dropwarden::daemon {

// What `dropwarden containers` shows, as one JSON object: the sources and how they stand, each container with
// its mounts and the sensor on each, the overlays that no container is known to own, what is watched under
// the containers' layers, the ledger, and whether the daemon sees (the latter three null without a daemon).
// `sensors` are those that are at work where a mount has one. Text from containers and runtimes is escaped.
// Pure.
std::string format_containers(const container::Snapshot& snapshot,
                              const std::vector<monitor::WatchedMount>& overlays,
                              const monitor::UpperLayers* upper_layers, const monitor::Ledger* ledger,
                              const std::vector<model::Sensor>& sensors = {},
                              const monitor::VitalSigns* vital_signs = nullptr);

}  // namespace dropwarden::daemon
