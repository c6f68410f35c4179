// SPDX-License-Identifier: Apache-2.0
#include "monitor/known_drops.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

attribute::Digest digest(std::size_t number) {
  attribute::Digest digest{};
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

}  // namespace
}  // namespace dropwarden::monitor
