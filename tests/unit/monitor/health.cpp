// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/health.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

TEST(Health, IsTheWorstOfItsParts) {
  Health health;
  EXPECT_EQ(health.condition(), Condition::ok);
  health.set("a", Condition::degraded, "late", {});
  health.set("b", Condition::unhealthy, "blind", {});
  EXPECT_EQ(health.condition(), Condition::unhealthy);
  EXPECT_EQ(health.reasons().front().part, "b");
  health.clear("b");
  EXPECT_EQ(health.condition(), Condition::degraded);
  health.clear("a");
  EXPECT_TRUE(health.reasons().empty());
}

TEST(Health, TellsAChangeOnce) {
  Health health;
  EXPECT_TRUE(health.set("a", Condition::degraded, "one", {}));
  EXPECT_FALSE(health.set("a", Condition::degraded, "two", {}));
  EXPECT_EQ(health.reasons().front().text, "two");
  EXPECT_TRUE(health.set("a", Condition::unhealthy, "three", {}));
  EXPECT_TRUE(health.clear("a"));
  EXPECT_FALSE(health.clear("a"));
}

}  // namespace
}  // namespace dropwarden::monitor
