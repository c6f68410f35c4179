// SPDX-License-Identifier: Apache-2.0
#include "monitor/executions.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

TEST(Executions, AreSinceAFindingOnlyWhenTheyWereReadAfterIt) {
  Executions executions;
  EXPECT_FALSE(executions.has_executed_since({7}, 1));
  executions.note({7}, 3);
  EXPECT_TRUE(executions.has_executed_since({7}, 2));
  EXPECT_TRUE(executions.has_executed_since({7}, 3)) << "it was there before the execution";
  EXPECT_FALSE(executions.has_executed_since({7}, 4));
  EXPECT_FALSE(executions.has_executed_since({8}, 3));
}

TEST(Executions, AreNotForgottenForThoseOfOthers) {
  Executions executions;
  executions.note({7}, 3);
  for (int pid = 8; pid < 20'000; ++pid) executions.note({pid}, 3);
  EXPECT_TRUE(executions.has_executed_since({7}, 3));
}

}  // namespace
}  // namespace dropwarden::monitor
