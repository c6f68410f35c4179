// SPDX-License-Identifier: Apache-2.0
#include "monitor/pivot_pause.hpp"

#include <chrono>
#include <limits>

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

TEST(PivotPause, IsShortAsLongAsAProcessMostlyTakes) {
  EXPECT_EQ(pivot_pause(1), 2ms);
  EXPECT_EQ(pivot_pause(2), 4ms);
  for (int attempts = 3; attempts <= 40; ++attempts) EXPECT_EQ(pivot_pause(attempts), 5ms);
}

TEST(PivotPause, IsNeverMoreThanTheTimeThatHasPassed) {
  auto waited = 2ms;
  for (int attempts = 2; const auto pause = pivot_pause(attempts); ++attempts) {
    EXPECT_GT(*pause, 0ms);
    EXPECT_LE(*pause, 2 * waited) << attempts;
    waited += *pause;
  }
  EXPECT_GE(waited, 2s) << "a busy machine takes its time";
  EXPECT_LE(waited, 5s) << "only then is one that keeps both roots judged";
}

TEST(PivotPause, EndsAfterFewLooks) {
  EXPECT_EQ(pivot_pause(64), 320ms);
  EXPECT_EQ(pivot_pause(65), std::nullopt);
  EXPECT_EQ(pivot_pause(std::numeric_limits<int>::max()), std::nullopt);
}

}  // namespace
}  // namespace dropwarden::monitor
