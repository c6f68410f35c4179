// SPDX-License-Identifier: Apache-2.0
#include "monitor/fair_shares.hpp"

#include <string>

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most = 8;
const std::string one = "one";
const std::string other = "other";
const std::string third = "third";

TEST(FairShares, StandByWhatWasUsedAndNotByHowOften) {
  FairShares shares;
  shares.join(one, most);
  shares.join(other, most);
  shares.charge(one, 90s, most);
  for (int i = 0; i < 5; ++i) {
    shares.charge(other, 1s, most);
    EXPECT_LT(shares.standing(other), shares.standing(one));
  }
  shares.charge(other, 90s, most);
  EXPECT_LT(shares.standing(one), shares.standing(other));
}

TEST(FairShares, AreNotGivenToWhoIsNewBeforeWhoWaits) {
  FairShares shares;
  shares.join(one, most);
  shares.join(other, most);
  shares.charge(one, 10s, most);
  shares.join(third, most);
  EXPECT_LT(shares.standing(other), shares.standing(third));
  EXPECT_EQ(shares.standing(one), shares.standing(third));
}

TEST(FairShares, AreNotSavedUp) {
  FairShares shares;
  shares.join(one, most);
  shares.join(other, most);
  for (int i = 0; i < 100; ++i) shares.charge(other, 10s, most);
  shares.charge(one, 10s, most);
  EXPECT_EQ(shares.standing(one), shares.standing(other));
}

TEST(FairShares, AreForgottenFromTheLowestOn) {
  FairShares shares;
  for (std::size_t number = 0; number < most; ++number) shares.join(std::to_string(number), most);
  shares.charge(one, 1s, most);
  EXPECT_LE(shares.size(), most);
  EXPECT_EQ(shares.standing(one), 1s) << "else it would come before who waits";
}

}  // namespace
}  // namespace dropwarden::monitor
