// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/time.hpp"

#include <gtest/gtest.h>

namespace dropwarden::util {
namespace {

using namespace std::chrono;

TEST(FormatRfc3339, PrintsNineFractionalDigits) {
  EXPECT_EQ(format_rfc3339(sys_days{2026y / November / 23} + 4h + 123456789ns), "2026-11-23T04:00:00.123456789Z");
  EXPECT_EQ(format_rfc3339(WallTime{}), "1970-01-01T00:00:00.000000000Z");
}

TEST(FormatRfc3339, HoldsForTimesBeforeTheEpoch) {
  EXPECT_EQ(format_rfc3339(WallTime{-1ns}), "1969-12-31T23:59:59.999999999Z");
}

}  // namespace
}  // namespace dropwarden::util
