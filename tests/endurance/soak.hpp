// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "churn.hpp"
#include "disturbances.hpp"
#include "holdings.hpp"
#include "plants.hpp"
#include "watchman.hpp"

namespace dropwarden::test {

// A node that is never quiet, in three parts: in the first anything may die; then the monitor is started once
// more, and lives through two parts that are alike, in which only its marker dies. At the end of each of
// these all containers are removed: what it holds then has to be what it held before. One thread.
class Soak {
 public:
  Soak(Plants& plants, Churn& churn, Watchman& watchman, Disturbances& disturbances)
      : plants_(plants), churn_(churn), watchman_(watchman), disturbances_(disturbances) {}

  // Prints how it gets on and, at the end, the figures, and of each disturbance that is missing the reason.
  // What was wrong, a line each.
  std::vector<std::string> run(std::chrono::minutes length);

 private:
  using Clock = std::chrono::steady_clock;
  void live(Clock::duration length, const std::vector<Disturbance>& wanted);
  void live_calmly(Clock::duration length);
  void settle();
  void look();
  void print_state(bool is_due);
  void print_disturbances() const;
  void print_holdings(const Holdings& earlier, const Holdings& later) const;

  Plants& plants_;
  Churn& churn_;
  Watchman& watchman_;
  Disturbances& disturbances_;
  std::vector<std::string> faults_;
  Clock::time_point start_;
  Clock::time_point printed_;
};

}  // namespace dropwarden::test
