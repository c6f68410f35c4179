// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/monitor/capture_report.hpp"
#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/sandbox/enter.hpp"
#include "dropwarden/util/time.hpp"

#include "output_state.hpp"
#include "own_process.hpp"

namespace dropwarden::daemon {

// How the monitor gets on with the marker, and how often either had to be started again.
struct ChannelFacts {
  std::uint64_t monitor_restarts = 0;
  std::uint64_t marker_restarts = 0;
  std::uint64_t timeouts = 0;     // requests that were given up
  std::uint64_t interrupted = 0;  // requests whose marker died
};

struct StatusFacts {
  util::WallTime started;
  std::chrono::seconds uptime{};
  std::vector<OwnProcess> processes;
  std::optional<ChannelFacts> channel;  // none where there is one process
  sandbox::State sandbox;               // of the process that answers
  std::vector<sandbox::RefusedCall> refused;
  std::vector<model::Sensor> sensors;
  std::vector<OutputState> outputs{};
  std::uint64_t policy_generation = 0;  // how often the configuration was read
  monitor::CaptureReport captures{};
};

// What `dropwarden status` shows, as one JSON object: how the daemon does, not which containers there are. Of
// mounts only those that are desynced. Text from containers and runtimes is escaped. Pure.
std::string format_status(const StatusFacts& facts, const container::Snapshot& snapshot,
                          const std::vector<monitor::WatchedMount>& mounts, const monitor::Ledger& ledger);

}  // namespace dropwarden::daemon
