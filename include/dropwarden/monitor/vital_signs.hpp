// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "dropwarden/monitor/health.hpp"
#include "dropwarden/monitor/liveness.hpp"

namespace dropwarden::monitor {

// How often the canary was written, came back through the pipeline, and did not.
struct CanaryTally {
  std::uint64_t written = 0;
  std::uint64_t returned = 0;
  std::uint64_t missed = 0;
  std::chrono::microseconds last_delay{};  // from the write to the end of the pipeline, of the last one
};

// What shows whether the monitor sees.
struct VitalSigns {
  Condition condition = Condition::ok;
  std::vector<Health::Reason> reasons;  // the worst first
  CanaryTally canary;
  std::vector<Liveness> parts;  // with threads of their own
};

}  // namespace dropwarden::monitor
