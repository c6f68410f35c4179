// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/glob.hpp"

#include <string>

#include <gtest/gtest.h>

namespace dropwarden::policy {
namespace {

bool matches(std::string_view pattern, std::string_view text, Glob::Style style = Glob::Style::path) {
  return Glob(pattern, style).matches(text);
}

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(matches("/opt/x", "/opt/x"));
  EXPECT_FALSE(matches("/opt/x", "/opt/xy"));
  EXPECT_FALSE(matches("/opt/x", "/opt"));
  EXPECT_FALSE(matches("/opt/x", ""));
}

TEST(Glob, HasStarsThatStopAtASlashAndSuchThatDoNot) {
  EXPECT_TRUE(matches("/opt/*/x", "/opt/a/x"));
  EXPECT_FALSE(matches("/opt/*/x", "/opt/a/b/x"));
  EXPECT_FALSE(matches("/opt/*", "/opt/a/b"));
  EXPECT_TRUE(matches("/opt/**", "/opt/a/b"));
  EXPECT_FALSE(matches("/opt/**", "/opt2/a"));
  EXPECT_TRUE(matches("/opt/**/x", "/opt/x"));
  EXPECT_TRUE(matches("/opt/**/x", "/opt/a/b/x"));
  EXPECT_FALSE(matches("/opt/**/x", "/opt/a/bx"));
  EXPECT_TRUE(matches("**/x", "/a/x"));
  EXPECT_TRUE(matches("/**/*.so", "/a/b/c.so"));
  EXPECT_FALSE(matches("/**/*.so", "/a/b/c.so.1"));
}

TEST(Glob, HasQuestionMarksAndSets) {
  EXPECT_TRUE(matches("/a?c", "/abc"));
  EXPECT_FALSE(matches("/a?c", "/a/c"));
  EXPECT_TRUE(matches("/a?c",
                      "/a\xc3\xa9"
                      "c"))
      << "a character of two bytes";
  EXPECT_TRUE(matches("/a?c",
                      "/a\xff"
                      "c"));
  EXPECT_TRUE(matches("/[a-c]", "/b"));
  EXPECT_FALSE(matches("/[!a-c]", "/b"));
  EXPECT_FALSE(matches("/x[!a]y", "/x/y"));
  EXPECT_TRUE(matches("/[]]", "/]"));
}

TEST(Glob, TakesNamesWithoutParts) {
  EXPECT_TRUE(matches("a*c", "a/c", Glob::Style::name));
  EXPECT_FALSE(matches("a*c", "a/c"));
}

TEST(Glob, EscapesWhatWouldBeAPattern) {
  for (const std::string text : {"/a*b", "/a?b", "/a[b]", "/a\\b", "/plain", "/a**/b"}) {
    EXPECT_TRUE(matches(escape_glob(text), text)) << text;
    EXPECT_TRUE(Glob(escape_glob(text)).is_literal()) << text;
    EXPECT_EQ(Glob(escape_glob(text)).prefix(), text);
    EXPECT_EQ(Glob::problem_of(escape_glob(text)), "");
  }
  EXPECT_FALSE(matches("/a\\*b", "/axb"));
}

TEST(Glob, KnowsWhatItsTextsBeginWith) {
  EXPECT_EQ(Glob("/opt/\\*a/b*").prefix(), "/opt/*a/b");
  EXPECT_EQ(Glob("*").prefix(), "");
  EXPECT_TRUE(Glob("**").matches_everything());
  EXPECT_FALSE(Glob("*").matches_everything());
  EXPECT_TRUE(Glob("*", Glob::Style::name).matches_everything());
}

TEST(Glob, NamesWhatIsWrong) {
  for (const std::string wrong : {"", "/a[b", "/a\\", "[]", "[!]"})
    EXPECT_NE(Glob::problem_of(wrong), "") << wrong;
  EXPECT_NE(Glob::problem_of(std::string(Glob::max_bytes + 1, 'a')), "");
  EXPECT_NE(Glob::problem_of(std::string("a\0b", 3)), "");
  // And takes it nevertheless, whatever it is.
  EXPECT_TRUE(matches("/a[b", "/a[b"));
}

// A backtracking matcher would take longer than the universe has.
TEST(Glob, IsNotMadeSlowByAPattern) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "**a*";
  EXPECT_FALSE(matches(pattern, std::string(4000, 'a') + "/b"));
}

}  // namespace
}  // namespace dropwarden::policy
