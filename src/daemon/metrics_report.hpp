// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/metrics/histogram.hpp"
#include "dropwarden/metrics/server.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/capture_report.hpp"
#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/upper_layers.hpp"
#include "dropwarden/monitor/vital_signs.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/util/time.hpp"

#include "output_state.hpp"

namespace dropwarden::daemon {

// What was handed over to the outputs. Loop's thread only.
class FindingTally {
 public:
  void count(const model::Finding& finding, util::WallTime now);

  std::uint64_t findings(model::Sensor sensor) const { return findings_[static_cast<std::size_t>(sensor)]; }
  // By the rule that decided, empty for none, and severity.
  using ByRule = std::map<std::pair<std::string, model::Severity>, std::uint64_t>;
  const ByRule& by_rule() const { return by_rule_; }
  std::uint64_t records() const { return records_; }
  // From reading the event to handing the first record over; of sensors that tell of a moment, so no scans.
  const metrics::Histogram& delay() const { return delay_; }

 private:
  std::array<std::uint64_t, 5> findings_{};  // by sensor, each once
  ByRule by_rule_;
  std::uint64_t records_ = 0;
  metrics::Histogram delay_;
};

struct MetricsFacts {
  util::WallTime started{};
  bool is_ready = false;
  std::size_t marks = 0;
  std::vector<model::Sensor> sensors{};
  std::uint64_t refused_calls = 0;
  std::vector<OutputState> outputs{};
  std::uint64_t policy_generation = 0;  // how often the configuration was read
  std::size_t open_findings = 0;        // that wait for what is not known yet
  std::size_t most_open_findings = 0;   // at once, so far
  monitor::ScanCounts scans{};
  monitor::CaptureReport captures{};
};

// The page /metrics, in Prometheus's exposition format; each family is described in dropwarden-metrics(5).
// Pure.
std::string format_metrics(const MetricsFacts& facts, const container::Snapshot& snapshot,
                           const std::vector<monitor::WatchedMount>& mounts,
                           const monitor::UpperLayers& upper_layers, const monitor::Ledger& ledger,
                           const monitor::VitalSigns& vital_signs, const FindingTally& findings);

// Whether what containers write may go unseen: what neither probes nor systemd may take for life.
bool may_be_blind(const monitor::VitalSigns& vital_signs);

// The page /healthz or /readyz: `ok`, or a line for each reason why it is not. Status 503 where the monitor
// may be blind, or is not ready.
metrics::Page make_health_page(const monitor::VitalSigns& vital_signs, bool is_ready);

}  // namespace dropwarden::daemon
