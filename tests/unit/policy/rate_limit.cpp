// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/rate_limit.hpp"

#include <string>

#include <gtest/gtest.h>

namespace dropwarden::policy {
namespace {

using model::Severity;
using namespace std::chrono_literals;

class RateLimitTest : public testing::Test {
 protected:
  RateLimitTest() { limit_.set_rate({.per_minute = 60, .burst = 2, .summary_interval = 10s}); }
  bool take(const std::string& id, Severity severity = Severity::low) {
    model::Container container;
    container.id = {id};
    return limit_.take(container, severity, now_);
  }
  RateLimit limit_;
  RateLimit::Clock::time_point now_{1h};
};

TEST_F(RateLimitTest, ShowsABurstAndThenWhatTheRateAllows) {
  EXPECT_TRUE(take("a"));
  EXPECT_TRUE(take("a"));
  EXPECT_FALSE(take("a"));
  now_ += 1s;
  EXPECT_TRUE(take("a"));
  EXPECT_FALSE(take("a"));
  now_ += 1h;
  EXPECT_TRUE(take("a"));
  EXPECT_TRUE(take("a"));
  EXPECT_FALSE(take("a")) << "more than a burst is never saved";
}

TEST_F(RateLimitTest, LetsAFloodBuryNeitherOtherContainersNorWhatIsGraver) {
  for (int i = 0; i < 100; ++i) take("a");
  EXPECT_TRUE(take("b"));
  EXPECT_TRUE(take("a", Severity::high));
}

TEST_F(RateLimitTest, CountsWhatItHoldsBackForASummary) {
  EXPECT_EQ(limit_.next_summary(), std::nullopt);
  for (int i = 0; i < 5; ++i) take("a");
  EXPECT_EQ(limit_.next_summary(), now_ + 10s);
  EXPECT_TRUE(limit_.take_summaries(now_ + 9s).empty());
  const auto held = limit_.take_summaries(now_ + 10s);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].container.id.value, "a");
  EXPECT_EQ(held[0].severity, Severity::low);
  EXPECT_EQ(held[0].count, 3U);
  EXPECT_EQ(limit_.next_summary(), std::nullopt);
  EXPECT_TRUE(limit_.take_summaries(RateLimit::Clock::time_point::max()).empty());
}

TEST_F(RateLimitTest, HasASummaryAtOnceOfWhatWasHeldBackBefore) {
  RateLimit::Held before{.container = {}, .severity = Severity::low, .count = 5};
  before.container.id = {"a"};
  limit_.restore(before, now_);
  EXPECT_EQ(limit_.next_summary(), now_);
  EXPECT_TRUE(take("a")) << "the bucket is as full as any new one";
  const auto held = limit_.take_summaries(now_);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].container.id.value, "a");
  EXPECT_EQ(held[0].severity, Severity::low);
  EXPECT_EQ(held[0].count, 5U);
}

TEST_F(RateLimitTest, AddsWhatWasHeldBackBeforeToWhatIsNow) {
  for (int i = 0; i < 5; ++i) take("a");
  RateLimit::Held before{.container = {}, .severity = Severity::low, .count = 2};
  before.container.id = {"a"};
  limit_.restore(before, now_ + 1s);
  EXPECT_EQ(limit_.next_summary(), now_ + 1s);
  const auto held = limit_.take_summaries(now_ + 1s);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].count, 5U);
}

TEST_F(RateLimitTest, HandsOverAllAtTheEnd) {
  for (const char* id : {"a", "b"}) {
    for (int i = 0; i < 3; ++i) take(id);
    now_ += 1s;
  }
  EXPECT_EQ(limit_.take_summaries(RateLimit::Clock::time_point::max()).size(), 2U);
}

TEST_F(RateLimitTest, HasNoLimitAtAllWhereNoneIsSet) {
  limit_.set_rate({});
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(take("a"));
  EXPECT_EQ(limit_.next_summary(), std::nullopt);
}

TEST_F(RateLimitTest, IsBounded) {
  for (std::size_t i = 0; i < RateLimit::max_buckets + 100; ++i) EXPECT_TRUE(take(std::to_string(i)));
}

}  // namespace
}  // namespace dropwarden::policy
