// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/bounded_queue.hpp"

#include <memory>
#include <thread>

#include <gtest/gtest.h>

namespace dropwarden::util {
namespace {

TEST(BoundedQueue, RefusesWhatDoesNotFitAndLeavesItWithTheCaller) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.try_push(std::move(second)));
  EXPECT_NE(second, nullptr);
}

TEST(BoundedQueue, DrainsAfterCloseAndThenEnds) {
  BoundedQueue<int> queue(4);
  EXPECT_TRUE(queue.try_push(1));
  queue.close();
  EXPECT_FALSE(queue.try_push(2));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, WakesAWaitingReader) {
  BoundedQueue<int> queue(1);
  std::jthread writer([&] { queue.try_push(7); });
  EXPECT_EQ(queue.pop(), 7);
}

}  // namespace
}  // namespace dropwarden::util
