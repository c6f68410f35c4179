// SPDX-License-Identifier: Apache-2.0
#include "daemon/readiness.hpp"

#include <gtest/gtest.h>

#include "dropwarden/container/registry.hpp"

namespace dropwarden::daemon {
namespace {

class ReadinessTest : public testing::Test {
 protected:
  container::Registry registry;
  int times_ready = 0;
  Readiness readiness{registry, [this] { ++times_ready; }};
};

TEST_F(ReadinessTest, WaitsForTheFirstWordOfEachSource) {
  readiness.expect("a");
  readiness.expect("b");
  readiness.on_list("a", {});
  EXPECT_EQ(times_ready, 0);
  readiness.on_state({.name = "b", .is_connected = false, .version = {}, .problem = "absent"});
  EXPECT_EQ(times_ready, 1);
}

TEST_F(ReadinessTest, DoesNotTakeAConnectionForAList) {
  readiness.expect("a");
  readiness.on_state({.name = "a", .is_connected = true, .version = {}, .problem = {}});
  EXPECT_EQ(times_ready, 0);
}

TEST_F(ReadinessTest, IsReadyOnce) {
  readiness.expect("a");
  readiness.on_list("a", {});
  readiness.on_list("a", {});
  readiness.give_up();
  EXPECT_EQ(times_ready, 1);
}

TEST_F(ReadinessTest, GivesUpOnASourceThatSaysNothing) {
  readiness.expect("a");
  readiness.give_up();
  EXPECT_EQ(times_ready, 1);
  readiness.on_list("a", {});
  EXPECT_EQ(times_ready, 1);
}

TEST_F(ReadinessTest, PassesOnWhatItHears) {
  model::Container container;
  container.id = {"c"};
  readiness.on_container("a", container);
  EXPECT_NE(registry.snapshot()->find({"c"}), nullptr);
}

}  // namespace
}  // namespace dropwarden::daemon
