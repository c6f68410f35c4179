// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/utf8.hpp"

#include <gtest/gtest.h>

namespace dropwarden::util {
namespace {

TEST(Utf8, DecodesTheFirstCodePoint) {
  const auto decodes_to = [](std::string_view bytes, std::uint32_t value, std::size_t length) {
    const auto point = decode_utf8(bytes);
    return point && point->value == value && point->length == length;
  };
  EXPECT_TRUE(decodes_to("ab", 'a', 1));
  EXPECT_TRUE(decodes_to("öx", 0xf6, 2));
  EXPECT_TRUE(decodes_to("文x", 0x6587, 3));
  EXPECT_TRUE(decodes_to("🦀x", 0x1f980, 4));
  EXPECT_TRUE(decodes_to("\U0010ffff", 0x10ffff, 4));
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  for (const char* bytes : {"", "\x80", "\xc0\xaf", "\xc2", "\xe0\x80\x80", "\xed\xa0\x80", "\xe2\x82",
                            "\xc3(", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(decode_utf8(bytes)) << testing::PrintToString(bytes);
  }
}

TEST(Utf8, KnowsTheCharactersThatDeceive) {
  for (const std::uint32_t c : {0x0U, 0x1bU, 0x7fU, 0x9bU, 0x200bU, 0x202eU, 0x2066U, 0xfeffU})
    EXPECT_TRUE(is_deceptive(c));
  for (const std::uint32_t c : {0x20U, 0x7eU, 0xa0U, 0xf6U, 0x6587U, 0x1f980U}) EXPECT_FALSE(is_deceptive(c));
}

}  // namespace
}  // namespace dropwarden::util
