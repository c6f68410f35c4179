// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/columns.hpp"

#include <gtest/gtest.h>

namespace dropwarden::sink {
namespace {

TEST(Columns, AreThoseOfATerminal) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("/tmp/x"), 6U);
  EXPECT_EQ(columns_of("größe"), 5U);
  EXPECT_EQ(columns_of("文件"), 4U) << "wide characters";
  EXPECT_EQ(columns_of("e\u0301"), 1U) << "a combining accent";
  EXPECT_EQ(columns_of("a…b"), 3U);
}

TEST(Fit, LeavesWhatFitsAsItIs) {
  EXPECT_EQ(fit("/tmp/x", 6), "/tmp/x");
  EXPECT_EQ(fit("", 0), "");
}

TEST(Fit, TakesTheMiddleOut) {
  EXPECT_EQ(fit("/usr/local/lib/tool", 10), "/us…b/tool");
  EXPECT_EQ(fit("verylongname[4711]", 10), "ver…[4711]");
  EXPECT_EQ(fit("\"a b c d e\"", 7), "\"a…d e\"") << "quotes stay";
  EXPECT_EQ(fit("abc", 1), "…");
  EXPECT_EQ(fit("abc", 0), "");
}

TEST(Fit, NeverExceedsTheColumnsNorCutsACharacter) {
  const std::string text = "größe/文件文件文件文件/e\u0301e\u0301";
  for (std::size_t columns = 0; columns < 40; ++columns) {
    const std::string fitted = fit(text, columns);
    EXPECT_LE(columns_of(fitted), columns);
    EXPECT_EQ(fitted.find("\xef\xbf\xbd"), std::string::npos);
    // A half character would count as a column of its own.
    EXPECT_GE(columns_of(fitted) + 2, std::min(columns, columns_of(text)));
  }
}

TEST(Pad, FillsUpToTheColumns) {
  EXPECT_EQ(pad("文", 4), "文  ");
  EXPECT_EQ(pad("abc", 2), "abc");
}

}  // namespace
}  // namespace dropwarden::sink
