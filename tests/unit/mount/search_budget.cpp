// SPDX-License-Identifier: Apache-2.0
#include "mount/search_budget.hpp"

#include <gtest/gtest.h>

namespace dropwarden::mount {
namespace {

using namespace std::chrono_literals;

TEST(SearchBudget, LetsRareSearchesBeginAtOnce) {
  SearchBudget budget(20, 1s);
  SearchBudget::Clock::time_point now{1h};
  for (int i = 0; i < 100; ++i, now += 2s) {
    ASSERT_TRUE(budget.is_left(now)) << i;
    budget.spend(100ms);
  }
}

TEST(SearchBudget, IsAShareOfTheTimeForThoseThatDoNotEnd) {
  SearchBudget budget(20, 1s);
  const SearchBudget::Clock::time_point begin{1h};
  SearchBudget::Time spent{};
  for (auto now = begin; now < begin + 1000s; now += 10ms) {
    if (!budget.is_left(now)) continue;
    budget.spend(10ms);
    spent += 10ms;
  }
  EXPECT_GE(spent, 50s);
  EXPECT_LE(spent, 52s);
}

TEST(SearchBudget, IsInDebtAfterALongOne) {
  SearchBudget budget(20, 1s);
  const SearchBudget::Clock::time_point begin{1h};
  ASSERT_TRUE(budget.is_left(begin));
  budget.spend(3s);
  EXPECT_FALSE(budget.is_left(begin + 40s));
  EXPECT_TRUE(budget.is_left(begin + 41s));
}

}  // namespace
}  // namespace dropwarden::mount
