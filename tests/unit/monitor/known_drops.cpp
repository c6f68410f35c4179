// SPDX-License-Identifier: Apache-2.0
#include "monitor/known_drops.hpp"

#include <malloc.h>

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

// As well mixed as a real one: times an odd number near 2⁶⁴ divided by the golden ratio, which no two share.
attribute::Digest digest(std::size_t number) {
  attribute::Digest digest{};
  number *= 0x9e3779b97f4a7c15U;
  std::memcpy(digest.data(), &number, sizeof number);
  return digest;
}

KnownDrop drop(std::size_t number, std::size_t place) {
  return {.id = digest(number), .place = digest(place), .content = digest(number)};
}

TEST(KnownDrops, FindsADropByIdAndTheLastOfAPlace) {
  KnownDrops known(8);
  known.add(drop(1, 100));
  known.add(drop(2, 100));
  ASSERT_NE(known.find(digest(1)), nullptr);
  EXPECT_EQ(known.find(digest(1))->content, digest(1));
  ASSERT_NE(known.find_at(digest(100)), nullptr);
  EXPECT_EQ(known.find_at(digest(100))->id, digest(2));
  EXPECT_EQ(known.find(digest(3)), nullptr);
  EXPECT_EQ(known.find_at(digest(3)), nullptr);
}

TEST(KnownDrops, ForgetsTheOldestThatWasNotSeenAgain) {
  KnownDrops known(4);
  for (std::size_t i = 1; i <= 4; ++i) known.add(drop(i, 100 + i));
  EXPECT_FALSE(known.has_forgotten());
  EXPECT_NE(known.find(digest(1)), nullptr);
  known.add(drop(5, 105));
  EXPECT_NE(known.find(digest(1)), nullptr);
  EXPECT_EQ(known.find(digest(2)), nullptr);
  EXPECT_EQ(known.find_at(digest(102)), nullptr);
  EXPECT_NE(known.find_at(digest(105)), nullptr);
  EXPECT_TRUE(known.has_forgotten());
  EXPECT_EQ(known.size(), 4U);
}

TEST(KnownDrops, StaysBoundedWhenAllAreSeenAgain) {
  KnownDrops known(16);
  for (std::size_t i = 1; i <= 1000; ++i) {
    known.add(drop(i, i % 7));
    for (std::size_t seen = 1; seen <= i; ++seen) known.find(digest(seen));
    ASSERT_LE(known.size(), 16U);
    ASSERT_NE(known.find(digest(i)), nullptr);
    ASSERT_EQ(known.find_at(digest(i % 7))->id, digest(i));
  }
}

TEST(KnownDrops, TakesADropAnewThatWasForgotten) {
  KnownDrops known(2);
  known.add(drop(1, 100));
  known.forget(digest(1));
  known.forget(digest(1));
  EXPECT_EQ(known.find(digest(1)), nullptr);
  EXPECT_EQ(known.find_at(digest(100)), nullptr);
  known.add(drop(1, 100));
  known.add(drop(2, 101));
  known.add(drop(3, 102));
  EXPECT_NE(known.find(digest(3)), nullptr);
}

TEST(KnownDrops, StayWhereTheyAreWhileItFills) {
  constexpr std::size_t many = 100'000;
  KnownDrops known(many);
  const KnownDrop* const first = &known.add(drop(1, 1));
  for (std::size_t i = 2; i <= many; ++i) known.add(drop(i, i));
  EXPECT_EQ(known.find(digest(1)), first);
  EXPECT_EQ(known.find_at(digest(many))->id, digest(many));
  EXPECT_EQ(known.size(), many);
}

#ifndef __SANITIZE_ADDRESS__
TEST(KnownDrops, TakeTwentyBytesEachBesideWhatIsReserved) {
  constexpr std::size_t many = 100'000;
  const auto in_use = [] {
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  KnownDrops known(many);
  const std::size_t before = in_use();
  for (std::size_t i = 1; i <= many; ++i) known.add(drop(i, i));
  EXPECT_LE(in_use() - before, 20 * many);
}
#endif

}  // namespace
}  // namespace dropwarden::monitor
