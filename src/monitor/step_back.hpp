// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include "dropwarden/util/time.hpp"

namespace dropwarden::monitor {

// How far the wall clock was set back since this object was made: by so much may a file that changed later
// have the earlier ctime. What is set forward again stays counted, since there are files from in between.
// Pure.
class StepBack {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  // Two readings of the same moment. Both clocks are slewed alike (clock_gettime(2), CLOCK_MONOTONIC), so
  // that only steps, and a suspended machine, move them against each other.
  std::chrono::nanoseconds update(Steady steady, util::WallTime wall) {
    const std::chrono::nanoseconds lead = wall.time_since_epoch() - steady.time_since_epoch();
    highest_ = std::max(highest_, lead);
    total_ = std::max(total_, highest_ - lead);
    return total_;
  }

 private:
  std::chrono::nanoseconds highest_ = std::chrono::nanoseconds::min();
  std::chrono::nanoseconds total_{0};
};

}  // namespace dropwarden::monitor
