// SPDX-License-Identifier: Apache-2.0
#include "attribute/proc_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::attribute {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;

std::string stat_line(const std::string& name, const std::string& start = "4242") {
  return "77 (" + name + ") S 12 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 " + start + " 1 2 3\n";
}

TEST(ParseStat, ReadsNameStateParentAndStart) {
  EXPECT_EQ(parse_stat(stat_line("cat")), (Stat{"cat", 'S', 12, 4242}));
}

TEST(ParseStat, TakesAnyNameThatAProcessCanChoose) {
  for (const std::string name : {"", " ", "a b", "(", ")", "))) Z 1", "a) R 1 1 (b", "x\ny", "\xff\x1b[2J"}) {
    const auto stat = parse_stat(stat_line(name));
    ASSERT_TRUE(stat.has_value()) << name;
    EXPECT_EQ(*stat, (Stat{name, 'S', 12, 4242}));
  }
}

TEST(ParseStat, TakesTheLargestStartAndRefusesALarger) {
  EXPECT_EQ(parse_stat(stat_line("x", "18446744073709551615"))->start_ticks, 18446744073709551615ULL);
  EXPECT_EQ(parse_stat(stat_line("x", "18446744073709551616")), std::nullopt);
}

TEST(ParseStat, RefusesWhatIsCutOrMalformed) {
  const std::string whole = stat_line("cat");
  const std::size_t end_of_start = whole.find("4242");
  for (std::size_t length = 0; length < end_of_start; ++length) {
    EXPECT_EQ(parse_stat(std::string_view(whole).substr(0, length)), std::nullopt) << length;
  }
  EXPECT_EQ(parse_stat("77 )cat( S 12"), std::nullopt);
  EXPECT_EQ(parse_stat("77 (cat) SS 12 77 77 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 42"), std::nullopt);
  EXPECT_EQ(parse_stat("77 (cat) S 12x 77 77 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 42"), std::nullopt);
  EXPECT_EQ(parse_stat("77 (cat) S 99999999999 77 77 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 42"), std::nullopt);
}

TEST(ParseStatus, ReadsRealUidAndEveryNumber) {
  EXPECT_EQ(
      parse_status(
          "Name:\tcat\nPPid:\t1\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\nNSpid:\t4711\t33\t1\nNSsid:\t1\n"),
      (Status{1000, {4711, 33, 1}}));
}

TEST(ParseStatus, IsNotFooledByAName) {
  // The kernel prints a line feed in the name as `\n`, two characters.
  EXPECT_EQ(parse_status("Name:\tx\\nUid:\t0\nUid:\t7\t7\t7\t7\n"), (Status{7, {}}));
  EXPECT_EQ(parse_status("Name:\tUid:\t0\nUid:\t7\t7\t7\t7\n"), (Status{7, {}}));
}

TEST(ParseStatus, LeavesOutWhatIsMissingOrMalformed) {
  EXPECT_EQ(parse_status(""), Status{});
  EXPECT_EQ(parse_status("Uid:\t\nNSpid:\t\n"), Status{});
  EXPECT_EQ(parse_status("Uid:\t-1\nNSpid:\tx\n"), Status{});
  EXPECT_EQ(parse_status("Uid:\t4294967296\nNSpid:\t5\t99999999999\n"), (Status{std::nullopt, {5}}));
  std::string many = "NSpid:";
  for (int i = 0; i < 100000; ++i) many += "\t1";
  EXPECT_LE(parse_status(many).numbers.size(), 64U);
}

TEST(ParseCommandLine, SplitsAtNulBytesAndKeepsEmptyArguments) {
  EXPECT_THAT(parse_command_line("sh\0-c\0\0echo a b\0"s), ElementsAre("sh", "-c", "", "echo a b"));
  EXPECT_THAT(parse_command_line("postgres: writer"), ElementsAre("postgres: writer")) << "setproctitle";
  EXPECT_THAT(parse_command_line(""), ElementsAre());
}

TEST(ParseCommandLine, SaysThatItHasCutTheNumberOfArguments) {
  std::string most;
  for (std::size_t i = 0; i < max_arguments; ++i) most += "a\0"s;
  EXPECT_EQ(parse_command_line(most).size(), max_arguments);
  EXPECT_EQ(parse_command_line(most).back(), "a");
  const auto cut = parse_command_line(most + "b\0"s);
  EXPECT_EQ(cut.size(), max_arguments + 1);
  EXPECT_EQ(cut.back(), "…");
}

TEST(ParseCommandLine, SaysThatItHasCutTheBytes) {
  const std::string most(max_argument_bytes, 'x');
  EXPECT_THAT(parse_command_line(most + "\0"s), ElementsAre(most));
  EXPECT_THAT(parse_command_line(most + "y\0"s), ElementsAre(most, "…"));
  EXPECT_THAT(parse_command_line(most + "\0y\0"s), ElementsAre(most, "…"));
}

TEST(ParseLoginUid, KnowsUnset) {
  EXPECT_EQ(parse_login_uid("1000"), 1000U);
  EXPECT_EQ(parse_login_uid("0\n"), 0U);
  EXPECT_EQ(parse_login_uid("4294967295"), std::nullopt);
  EXPECT_EQ(parse_login_uid(""), std::nullopt);
  EXPECT_EQ(parse_login_uid("-1"), std::nullopt);
}

}  // namespace
}  // namespace dropwarden::attribute
