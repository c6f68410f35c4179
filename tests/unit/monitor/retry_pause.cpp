// SPDX-License-Identifier: Apache-2.0
#include "monitor/retry_pause.hpp"

#include <cerrno>
#include <chrono>

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

const sys::Error between{privilege::between_roots, "process 7", EAGAIN};

TEST(RetryPause, GrowsUpToTenSeconds) {
  EXPECT_EQ(retry_pause(1), 20ms);
  EXPECT_EQ(retry_pause(2), 40ms);
  EXPECT_EQ(retry_pause(10), 10240ms);
  EXPECT_EQ(retry_pause(1000), 10240ms);
}

TEST(MarkAttempts, CountAProcessBetweenTwoRootsAsAFailureAfterTwoSeconds) {
  MarkAttempts attempts;
  std::chrono::milliseconds waited{0};
  while (attempts.is_soon_settled(between)) {
    EXPECT_LE(attempts.pause(), 10ms) << "a container's program may begin at any moment";
    waited += attempts.pause();
    ASSERT_LE(waited, 1min) << "whoever stays between two roots would never be told of";
  }
  EXPECT_EQ(waited, 2s);
  EXPECT_EQ(attempts.fail(), 1);
  EXPECT_EQ(attempts.pause(), retry_pause(1));
  EXPECT_FALSE(attempts.is_soon_settled(between)) << "it stays so";
  EXPECT_EQ(attempts.fail(), 2);
  EXPECT_EQ(attempts.pause(), retry_pause(2));
}

TEST(MarkAttempts, CountAnythingElseAtOnce) {
  MarkAttempts attempts;
  EXPECT_FALSE(attempts.is_soon_settled({"open", "process 7", EPERM}));
  EXPECT_EQ(attempts.fail(), 1);
  EXPECT_FALSE(attempts.is_soon_settled({"open_tree", "/volume", EAGAIN})) << "who knows when it ends";
  EXPECT_EQ(attempts.fail(), 2);
  EXPECT_TRUE(attempts.is_soon_settled(between)) << "the next container has its two seconds";
  EXPECT_EQ(attempts.pause(), 10ms);
}

TEST(MarkAttempts, BeginAnewAfterOneThatWent) {
  MarkAttempts attempts;
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(attempts.is_soon_settled(between));
  attempts = {};
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(attempts.is_soon_settled(between));
}

}  // namespace
}  // namespace dropwarden::monitor
