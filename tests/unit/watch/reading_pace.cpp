// SPDX-License-Identifier: Apache-2.0
#include "watch/reading_pace.hpp"

#include <gtest/gtest.h>

namespace dropwarden::watch {
namespace {

using namespace std::chrono_literals;
using Clock = ReadingPace::Clock;

// Wakes up, reads so many records, and tells how long it rested before.
Clock::duration read(ReadingPace& pace, Clock::time_point now, std::size_t records) {
  const auto rest = pace.rest_before_reading(now);
  pace.add(records);
  pace.end_reading(now + rest);
  return rest;
}

TEST(ReadingPace, ReadsAtOnceWhileLittleHappens) {
  ReadingPace pace;
  Clock::time_point now{1h};
  for (int i = 0; i < 1000; ++i, now += 400us) EXPECT_EQ(read(pace, now, 1), 0ms) << i;
  for (int i = 0; i < 100; ++i, now += 10ms) EXPECT_EQ(read(pace, now, 7), 0ms) << i;
}

TEST(ReadingPace, RestsOnceItIsWokenManyTimesInAShortWhile) {
  ReadingPace pace;
  Clock::time_point now{1h};
  for (int i = 0; i < 8; ++i, now += 20us) EXPECT_EQ(read(pace, now, 1), 0ms) << i;
  for (int i = 0; i < 100; ++i, now += 1100us) EXPECT_EQ(read(pace, now, 50), 1ms) << i;
}

TEST(ReadingPace, RestsAfterAWakeUpThatFoundMany) {
  ReadingPace pace;
  const Clock::time_point now{1h};
  EXPECT_EQ(read(pace, now, 300), 0ms);
  EXPECT_EQ(read(pace, now + 100us, 1), 1ms);
}

TEST(ReadingPace, ReadsAtOnceAgainWhereARestGathersNextToNothing) {
  ReadingPace pace;
  Clock::time_point now{1h};
  read(pace, now, 300);
  EXPECT_EQ(read(pace, now += 100us, 3), 1ms);
  EXPECT_EQ(read(pace, now += 1500us, 1), 0ms);
}

TEST(ReadingPace, ReadsAtOnceWhatComesAfterAQuietWhile) {
  ReadingPace pace;
  Clock::time_point now{1h};
  read(pace, now, 300);
  EXPECT_EQ(read(pace, now += 5ms, 1), 0ms);
}

}  // namespace
}  // namespace dropwarden::watch
