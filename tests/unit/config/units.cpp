// SPDX-License-Identifier: Apache-2.0
#include "units.hpp"

#include <gtest/gtest.h>

#include "nearest.hpp"

namespace dropwarden::config {
namespace {

using namespace std::chrono_literals;

TEST(Units, ReadDurations) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("2s"), 2s);
  EXPECT_EQ(parse_duration("1m"), 1min);
  EXPECT_EQ(parse_duration("6h"), 6h);
  EXPECT_EQ(parse_duration("90d"), 90 * 24h);
  EXPECT_EQ(parse_duration("0s"), 0s);
  for (const char* text : {"", "2", "s", "2 s", "2w", "-1s", "+1s", "1.5s", "2S", "2ss",
                           "9223372036854775807s", "1s ", "99999999999999999999ms"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Units, ReadSizes) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("1GiB"), 1U << 30U);
  EXPECT_EQ(parse_size("18446744073709551615"), UINT64_MAX);
  for (const char* text :
       {"", "KiB", "64K", "64kib", "64KB", "1 KiB", "-1", "16777216TiB", "18446744073709551616", "0x10"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Units, AreWrittenAsTheyAreRead) {
  EXPECT_EQ(format_duration(100ms), "100ms");
  EXPECT_EQ(format_duration(2s), "2s");
  EXPECT_EQ(format_duration(1min), "1m");
  EXPECT_EQ(format_duration(90min), "90m");
  EXPECT_EQ(format_duration(6h), "6h");
  EXPECT_EQ(format_duration(48h), "2d");
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(262144), "256KiB");
  EXPECT_EQ(format_size(1025), "1025");
  EXPECT_EQ(format_size(std::uint64_t{1} << 40U), "1TiB");
}

TEST(Nearest, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("levle", "level"), 1U) << "a swap is one edit";
}

TEST(Nearest, FindsAMisspellingAndNothingFarOff) {
  const std::vector<std::string> words{"hash_inline_bytes", "hash_max_bytes", "level"};
  EXPECT_EQ(nearest("hash_max_byte", words), "hash_max_bytes");
  EXPECT_EQ(nearest("hash-inline-bytes", words), "hash_inline_bytes");
  EXPECT_EQ(nearest("lvl", words), std::nullopt);
  EXPECT_EQ(nearest("x", words), std::nullopt);
  EXPECT_EQ(nearest("", words), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'l'), words), std::nullopt);
}

}  // namespace
}  // namespace dropwarden::config
