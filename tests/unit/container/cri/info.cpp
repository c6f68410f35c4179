// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "container/cri_info.hpp"

namespace dropwarden::container {
namespace {

TEST(CriInfo, IsReadFromTheOutermostObjectOnly) {
  const auto info = parse_cri_info(
      R"({"sandboxID":"abc","runtimeSpec":{"pid":7,"sandboxID":"no","mounts":[{"pid":8}]},"pid":4242,"image":"pause:1"})");
  EXPECT_EQ(info, (CriInfo{.pid = {4242}, .sandbox_id = "abc", .image = "pause:1"}));
}

TEST(CriInfo, HasNoPidForAContainerThatHasNotStarted) {
  EXPECT_EQ(parse_cri_info(R"({"pid":0})"), CriInfo{});
  EXPECT_EQ(parse_cri_info("{}"), CriInfo{});
}

TEST(CriInfo, PassesOverMembersOfAnotherType) {
  EXPECT_EQ(parse_cri_info(R"({"pid":"12","image":{"image":"x"},"sandboxID":[1]})"), CriInfo{});
  for (const char* pid : {"-5", "1.5", "99999999999", "18446744073709551615", "1e99999", "true", "null"}) {
    EXPECT_EQ(parse_cri_info(std::string(R"({"pid":)") + pid + "}"), CriInfo{}) << pid;
  }
}

TEST(CriInfo, UnderstandsEscapes) {
  EXPECT_EQ(parse_cri_info(R"({"\u0070id":9,"image":"a\"b\u00e9"})"),
            (CriInfo{.pid = {9}, .image = "a\"b\xc3\xa9"}));
}

TEST(CriInfo, IsNothingForWhatIsNoObject) {
  for (const char* text :
       {"", " ", "[]", "7", "\"pid\"", "{", R"({"pid":1)", R"({"pid":1}})", "{pid:1}", "\xff", "null"}) {
    EXPECT_FALSE(parse_cri_info(text)) << text;
  }
}

TEST(CriInfo, IsBoundedWhateverTheSize) {
  const std::string large(1 << 20, 'x');
  const auto info =
      parse_cri_info(R"({"sandboxID":")" + large + R"(","runtimeSpec":")" + large + R"(","pid":5})");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->pid.value, 5);
  EXPECT_LE(info->sandbox_id.size(), 4096U);
}

TEST(CriInfo, DoesNotFollowEndlessNesting) {
  EXPECT_FALSE(parse_cri_info(R"({"a":)" + std::string(100000, '[')));
}

}  // namespace
}  // namespace dropwarden::container
