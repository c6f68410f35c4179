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

// `scan.entries_per_second` and `scan.bytes_per_second`, each by itself: neither lets the other through.
TEST(SweepRate, IsWhatItWasSetToLast) {
  SweepRate rate(1000, 100U << 20U);
  EXPECT_EQ(rate.budget().bytes, 1U << 20U) << "for a hundredth of a second";
  rate.set(1'000'000, 1U << 20U);
  EXPECT_EQ(rate.budget().entries, 10'000U);
  EXPECT_EQ(rate.budget().bytes, (1U << 20U) / 100);
  EXPECT_EQ(rate.pause_after({.entries = 1000, .files = 512, .bytes = 1U << 21U}), 2s);
  rate.set(100, 1U << 30U);
  EXPECT_EQ(rate.pause_after({.entries = 1000, .files = 512, .bytes = 1U << 21U}), 10s);
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
