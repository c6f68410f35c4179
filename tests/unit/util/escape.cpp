// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/escape.hpp"

#include <gtest/gtest.h>

namespace dropwarden::util {
namespace {

using namespace std::string_literals;

TEST(Escape, LeavesPrintableUtf8Alone) {
  EXPECT_EQ(escape("/tmp/x"), "/tmp/x");
  EXPECT_EQ(escape("/srv/größe/文件/🦀"), "/srv/größe/文件/🦀");
}

TEST(Escape, ShowsControlCharactersAndTerminalSequences) {
  EXPECT_EQ(escape("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(escape("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(escape("nul\0end"s), "nul\\x00end");
  EXPECT_EQ(escape("\x7f"), "\\x7f");
  EXPECT_EQ(escape("\xc2\x9b"), "\\xc2\\x9b") << "C1 control sequence introducer";
}

TEST(Escape, ShowsCharactersThatReorderOrHideText) {
  EXPECT_EQ(escape("\u202egpj.elf"), "\\xe2\\x80\\xaegpj.elf");
  EXPECT_EQ(escape("a\u200bb"), "a\\xe2\\x80\\x8bb");
}

TEST(Escape, ShowsInvalidUtf8ByteByByte) {
  EXPECT_EQ(escape("\xff"), "\\xff");
  EXPECT_EQ(escape("\xc0\xaf"), "\\xc0\\xaf") << "overlong slash";
  EXPECT_EQ(escape("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(escape("ok\xe2\x82"), "ok\\xe2\\x82") << "cut sequence";
  EXPECT_EQ(escape("\xc3\x1b[2J"), "\\xc3\\x1b[2J") << "a control where a sequence goes on";
}

TEST(Escape, CutsAtTheLimitAndSaysSo) {
  EXPECT_EQ(escape("abcdef", 3), "abc…");
  EXPECT_EQ(escape("ab\n", 3), "ab…") << "an escape is not cut in two";
  EXPECT_EQ(escape("abc", 3), "abc");
}

TEST(Escape, IsUndoneByUnescape) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  all += "\\x41 \\n größe";
  EXPECT_EQ(unescape(escape(all, 1 << 16)), all);
}

}  // namespace
}  // namespace dropwarden::util
