// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>

namespace dropwarden::sys {
namespace {

bool is_open(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}
Fd open_null() {
  return Fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
}

TEST(Fd, OwnsNothingAtFirst) {
  const Fd none;
  EXPECT_EQ(none.number(), -1);
  EXPECT_FALSE(none);
}

TEST(Fd, ClosesWhatItOwns) {
  int number = -1;
  {
    const Fd owner = open_null();
    number = owner.number();
    ASSERT_TRUE(owner);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, MovesWithoutClosing) {
  Fd first = open_null();
  const int number = first.number();
  Fd second(std::move(first));
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): a moved-from Fd owns nothing
  EXPECT_EQ(second.number(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, ClosesWhatItHadWhenAnotherMovesIn) {
  Fd first = open_null();
  Fd second = open_null();
  const int old = first.number();
  const int moved = second.number();
  first = std::move(second);
  EXPECT_FALSE(is_open(old));
  EXPECT_EQ(first.number(), moved);
  EXPECT_TRUE(is_open(moved));
}

TEST(Fd, SurvivesAMoveIntoItself) {
  Fd owner = open_null();
  const int number = owner.number();
  Fd& same = owner;
  owner = std::move(same);
  EXPECT_EQ(owner.number(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, GivesTheDescriptorAway) {
  Fd owner = open_null();
  const int number = owner.release();
  EXPECT_FALSE(owner);
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(Fd, ClosesOnceThoughResetTwice) {
  Fd owner = open_null();
  const int number = owner.number();
  owner.reset();
  // Somebody else's now.
  const int taken = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(taken, number);
  owner.reset();
  EXPECT_TRUE(is_open(taken));
  ::close(taken);
}

}  // namespace
}  // namespace dropwarden::sys
