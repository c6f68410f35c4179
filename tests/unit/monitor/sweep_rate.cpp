// SPDX-License-Identifier: Apache-2.0
#include "monitor/sweep_rate.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

TEST(SweepRate, PausesForAsLongAsAStepIsWorthMore) {
  const SweepRate rate(1000, 1 << 20U);
  EXPECT_EQ(rate.budget().entries, 10U);
  EXPECT_EQ(rate.pause_after({.entries = 10, .took = 3ms}), 7ms);
  EXPECT_LE(rate.pause_after({.entries = 10, .took = 30ms}), 0ms);
  EXPECT_EQ(rate.pause_after({.entries = 1, .files = 64, .bytes = 100, .took = 50ms}), 200ms) << "pages";
  EXPECT_EQ(rate.pause_after({.entries = 1, .files = 1, .bytes = 1 << 19U, .took = 100ms}), 400ms);
}

TEST(SweepRate, LeavesFourFifthsOfTheTimeThatMountsTakeToBeOpened) {
  const SweepRate rate(20'000, 1 << 24U);
  EXPECT_EQ(rate.pause_after({.entries = 1, .opening = 5ms, .took = 6ms}), 20ms);
  EXPECT_EQ(rate.pause_after({.entries = 1, .opening = 2s, .took = 2s}), 100ms);
}

TEST(SweepRate, GoesOnAtTheLeast) {
  EXPECT_EQ(SweepRate(1, 1).budget().entries, 1U);
  EXPECT_EQ(SweepRate(1, 1).budget().bytes, 1U);
}

}  // namespace
}  // namespace dropwarden::monitor
