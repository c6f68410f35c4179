// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sandbox/profile.hpp"

#include <map>
#include <seccomp.h>
#include <string>

#include <gtest/gtest.h>

#include "dropwarden/sandbox/enter.hpp"

#include "sandbox/filter.hpp"

namespace dropwarden::sandbox {
namespace {

class ProfileTable : public testing::TestWithParam<Profile> {};

TEST_P(ProfileTable, GivesAReasonForEveryLine) {
  for (const Call& call : calls_of(GetParam(), Network::outputs)) {
    EXPECT_NE(call.reason, "") << call.name;
    EXPECT_LE(call.reason.size(), 80U) << call.name << ": a short phrase";
  }
}

TEST_P(ProfileTable, NamesCallsThatThereAre) {
  for (const Call& call : calls_of(GetParam(), Network::outputs)) {
    EXPECT_NE(number_of_call(std::string(call.name)), __NR_SCMP_ERROR) << "nobody knows " << call.name;
  }
}

TEST_P(ProfileTable, SaysOfOneCallNeverTwoThings) {
  std::map<std::string_view, Verdict> verdicts;
  for (const Call& call : calls_of(GetParam(), Network::outputs)) {
    const auto [known, is_new] = verdicts.emplace(call.name, call.verdict);
    EXPECT_EQ(known->second, call.verdict) << call.name;
    EXPECT_NE(call.verdict, Verdict::refused) << call.name << " is refused without a line";
  }
}

TEST_P(ProfileTable, HasConditionsThatCanHold) {
  for (const Call& call : calls_of(GetParam(), Network::outputs)) {
    for (const Condition& condition : call.conditions) {
      if (condition.text.empty()) continue;
      EXPECT_LT(condition.argument, 6U) << call.name;
      EXPECT_EQ(condition.value & ~condition.mask, 0U) << call.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OfEach, ProfileTable, testing::ValuesIn(profiles),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

TEST(ProfileText, NamesTheConditionsOfACall) {
  const Call call{"socket", {{{0, 0xff, 1, "domain AF_UNIX"}, {1, 0xf, 2, "type SOCK_DGRAM"}}}, "logs"};
  EXPECT_EQ(text_of_conditions(call), "domain AF_UNIX, type SOCK_DGRAM");
  EXPECT_EQ(text_of_conditions({"read", {}, "reads"}), "");
}

TEST(EnforcementWord, IsReadAsItIsWritten) {
  for (const auto enforcement : {Enforcement::enforce, Enforcement::log, Enforcement::off})
    EXPECT_EQ(parse_enforcement(name_of(enforcement)), enforcement);
  EXPECT_EQ(parse_enforcement("yes"), std::nullopt);
}

}  // namespace
}  // namespace dropwarden::sandbox
