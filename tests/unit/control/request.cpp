// SPDX-License-Identifier: Apache-2.0
#include "control/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::control {
namespace {

TEST(ParseRequest, GivesTheName) {
  EXPECT_EQ(parse_request(R"({"request":"containers"})"), "containers");
  EXPECT_EQ(parse_request(R"( {"later":[1,2],"request":"a\nb"} )"), "a\nb");
}

TEST(ParseRequest, SaysWhatIsWrong) {
  for (const char* line : {"", "containers", "{", "[]", "null", "{}", R"({"request":1})",
                           R"({"Request":"x"})", R"({"request":"x"} {"request":"y"})", "\x01\xff"}) {
    const auto name = parse_request(line);
    ASSERT_FALSE(name) << line;
    EXPECT_THAT(name.error(), testing::StartsWith("the request is ")) << line;
  }
  EXPECT_FALSE(parse_request(std::string(4000, '[')));
}

TEST(FormatError, EscapesWhatItQuotes) {
  EXPECT_EQ(format_error("a \"b\" \x1b[2J \xff"), R"({"error":"a \"b\" \\x1b[2J \\xff"})");
}

}  // namespace
}  // namespace dropwarden::control
