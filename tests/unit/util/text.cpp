// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/text.hpp"

#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::util {
namespace {

TEST(ParseNumber, TakesAllOfTheTextOrNothing) {
  EXPECT_EQ(parse_number<int>("42"), 42);
  EXPECT_EQ(parse_number<int>("-42"), -42);
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), 18446744073709551615ULL);
  EXPECT_EQ(parse_number<std::uint8_t>("ff", 16), 255);
  EXPECT_EQ(parse_number<std::uint8_t>("256"), std::nullopt);
  EXPECT_EQ(parse_number<int>(""), std::nullopt);
  EXPECT_EQ(parse_number<int>("4x"), std::nullopt);
  EXPECT_EQ(parse_number<int>(" 4"), std::nullopt);
  EXPECT_EQ(parse_number<unsigned>("-1"), std::nullopt);
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_THAT(split("a::b", ':'), testing::ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ':'), testing::ElementsAre(""));
  EXPECT_THAT(split(":", ':'), testing::ElementsAre("", ""));
}

TEST(TakeUntil, CutsTheFirstPartOff) {
  std::string_view rest = "12:cpu:/a:b";
  EXPECT_EQ(take_until(rest, ':'), "12");
  EXPECT_EQ(take_until(rest, ':'), "cpu");
  EXPECT_EQ(rest, "/a:b");
  EXPECT_EQ(take_until(rest, '!'), "/a:b");
  EXPECT_EQ(rest, "");
}

TEST(Trim, TakesBlanksOffBothEnds) {
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
}

}  // namespace
}  // namespace dropwarden::util
