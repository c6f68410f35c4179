// SPDX-License-Identifier: Apache-2.0
#include "monitor/pace.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

TEST(RestAfter, IsAFourHundredthOfAProcessorWithinASecondAndAMinute) {
  EXPECT_EQ(rest_after(0ns), 1s);
  EXPECT_EQ(rest_after(1ms), 1s);
  EXPECT_EQ(rest_after(10ms), 4s);
  EXPECT_EQ(rest_after(150ms), 1min);
  EXPECT_EQ(rest_after(std::chrono::nanoseconds::max()), 1min);
}

}  // namespace
}  // namespace dropwarden::monitor
