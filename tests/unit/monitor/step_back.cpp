// SPDX-License-Identifier: Apache-2.0
#include "monitor/step_back.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

TEST(StepBack, IsNothingWhileTheClocksGoTogetherOrTheWallClockIsSetForward) {
  StepBack step_back;
  EXPECT_EQ(step_back.update(StepBack::Steady{1s}, util::WallTime{1000s}), 0ns);
  EXPECT_EQ(step_back.update(StepBack::Steady{2s}, util::WallTime{1001s}), 0ns);
  EXPECT_EQ(step_back.update(StepBack::Steady{3s}, util::WallTime{5000s}), 0ns);
}

TEST(StepBack, IsTheFarthestThatTheWallClockWasSetBackAndStays) {
  StepBack step_back;
  step_back.update(StepBack::Steady{1s}, util::WallTime{1000s});
  EXPECT_EQ(step_back.update(StepBack::Steady{61s}, util::WallTime{1030s}), 30s);
  EXPECT_EQ(step_back.update(StepBack::Steady{62s}, util::WallTime{1061s}), 30s);
  EXPECT_EQ(step_back.update(StepBack::Steady{63s}, util::WallTime{1002s}), 60s);
}

}  // namespace
}  // namespace dropwarden::monitor
