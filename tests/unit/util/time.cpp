// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/time.hpp"

#include <gtest/gtest.h>

namespace dropwarden::util {
namespace {

using namespace std::chrono;

TEST(FormatRfc3339, PrintsNineFractionalDigits) {
  EXPECT_EQ(format_rfc3339(sys_days{2026y / November / 23} + 4h + 123456789ns),
            "2026-11-23T04:00:00.123456789Z");
  EXPECT_EQ(format_rfc3339(WallTime{}), "1970-01-01T00:00:00.000000000Z");
}

TEST(FormatRfc3339, HoldsForTimesBeforeTheEpoch) {
  EXPECT_EQ(format_rfc3339(WallTime{-1ns}), "1969-12-31T23:59:59.999999999Z");
}

TEST(ParseRfc3339, ReadsWhatRuntimesWrite) {
  const WallTime expected = sys_days{2026y / November / 23} + 7h + 33min + 11s + 924982776ns;
  EXPECT_EQ(parse_rfc3339("2026-11-23T07:33:11.924982776Z"), expected);
  EXPECT_EQ(parse_rfc3339("2026-11-23T08:33:11.924982776+01:00"), expected);
  EXPECT_EQ(parse_rfc3339("2026-11-22T22:03:11.924982776-09:30"), expected);
  EXPECT_EQ(parse_rfc3339("2026-11-23T07:33:11.9249827769999z"), expected);
  EXPECT_EQ(parse_rfc3339("2026-11-23t07:33:11Z"), floor<seconds>(expected));
  EXPECT_EQ(parse_rfc3339("2026-11-23T07:33:11.9Z"), floor<seconds>(expected) + 900ms);
}

TEST(ParseRfc3339, ReadsWhatFormatPrints) {
  const WallTime time = sys_days{2024y / February / 29} + 23h + 59min + 59s + 1ns;
  EXPECT_EQ(parse_rfc3339(format_rfc3339(time)), time);
}

TEST(ParseRfc3339, RefusesEverythingElse) {
  for (const char* text :
       {"", "now", "0001-01-01T00:00:00Z", "2300-01-01T00:00:00Z", "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T07:33:11", "2026-11-23T07:33:11.Z",
        "2026-11-23T07:33:11Zx", "2026-11-23 07:33:11Z", "2026-11-23T07:33:11+0100",
        "2026-11-23T07:33:11+24:00", "2026-1-23T07:33:11Z", "+026-11-23T07:33:11Z"}) {
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace dropwarden::util
