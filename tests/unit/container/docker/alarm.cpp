// SPDX-License-Identifier: Apache-2.0
#include "container/alarm.hpp"

#include <optional>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace dropwarden::container {
namespace {

using namespace std::chrono_literals;

TEST(Alarm, CallsOnceAfterItsDelay) {
  boost::asio::io_context loop;
  Alarm alarm{loop};
  int calls = 0;
  const auto begin = std::chrono::steady_clock::now();
  alarm.set(20ms, [&] { ++calls; });
  loop.run();
  EXPECT_EQ(calls, 1);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST(Alarm, ForgetsWhatWasSetBefore) {
  boost::asio::io_context loop;
  Alarm alarm{loop};
  int first = 0;
  int second = 0;
  alarm.set(0ms, [&] { ++first; });
  alarm.set(0ms, [&] { ++second; });
  loop.run();
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

// Two alarms that have run out together: the handler of the second is already queued when the first destroys
// it.
TEST(Alarm, DoesNotCallOnceDestroyedEvenIfItHasRunOut) {
  boost::asio::io_context loop;
  std::optional<Alarm> one{std::in_place, loop};
  std::optional<Alarm> other{std::in_place, loop};
  int calls = 0;
  one->set(1ms, [&] {
    ++calls;
    other.reset();
  });
  other->set(1ms, [&] {
    ++calls;
    one.reset();
  });
  std::this_thread::sleep_for(5ms);
  loop.run();
  EXPECT_EQ(calls, 1);
}

TEST(Alarm, MaySetItselfAgain) {
  boost::asio::io_context loop;
  Alarm alarm{loop};
  int calls = 0;
  std::function<void()> call = [&] {
    if (++calls < 3) alarm.set(0ms, call);
  };
  alarm.set(0ms, call);
  loop.run();
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace dropwarden::container
