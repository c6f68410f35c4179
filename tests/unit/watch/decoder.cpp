// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/decoder.hpp"

#include <cerrno>
#include <random>

#include <gtest/gtest.h>

#include "record.hpp"

namespace dropwarden::watch {
namespace {

std::vector<RawEvent> decode_all(std::span<const std::byte> bytes, bool& is_malformed) {
  Decoder decoder(bytes);
  std::vector<RawEvent> events;
  while (const auto event = decoder.next()) events.push_back(*event);
  is_malformed = decoder.is_malformed();
  EXPECT_EQ(decoder.next(), std::nullopt);
  return events;
}

std::vector<RawEvent> decode_all(const std::vector<struct fanotify_event_metadata>& records,
                                 bool& is_malformed) {
  return decode_all(bytes_of(records), is_malformed);
}

TEST(Decoder, FindsNothingInAnEmptyBuffer) {
  bool is_malformed = true;
  EXPECT_TRUE(decode_all(std::span<const std::byte>{}, is_malformed).empty());
  EXPECT_FALSE(is_malformed);
}

TEST(Decoder, HandsOutEachRecordInOrder) {
  bool is_malformed = true;
  const auto events = decode_all({file_record(7, 100), overflow_record(), file_record(8, 200)}, is_malformed);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_FALSE(is_malformed);
  EXPECT_EQ(events[0].type, RawEvent::Type::file);
  EXPECT_EQ(events[0].descriptor, 7);
  EXPECT_EQ(events[0].pid.value, 100);
  EXPECT_EQ(events[0].mask, FAN_CLOSE_WRITE);
  EXPECT_EQ(events[1].type, RawEvent::Type::overflow);
  EXPECT_EQ(events[1].descriptor, -1);
  EXPECT_EQ(events[2].descriptor, 8);
  EXPECT_EQ(events[2].pid.value, 200);
}

TEST(Decoder, TurnsANegativeDescriptorIntoTheReason) {
  struct Case {
    int descriptor;
    int error;
  };
  for (const auto& [descriptor, error] : {Case{-EMFILE, EMFILE}, Case{-EAGAIN, EAGAIN}, Case{FAN_NOFD, 0},
                                          Case{-4095, 4095}, Case{-4096, 0}, Case{INT32_MIN, 0}}) {
    bool is_malformed = true;
    const auto events = decode_all({file_record(descriptor, 5)}, is_malformed);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].type, RawEvent::Type::open_error);
    EXPECT_EQ(events[0].error, error) << descriptor;
    EXPECT_EQ(events[0].descriptor, -1);
    EXPECT_EQ(events[0].pid.value, 5);
    EXPECT_FALSE(is_malformed);
  }
}

TEST(Decoder, StepsOverInfoRecordsThatFollowTheMetadata) {
  auto first = file_record(7);
  first.event_len = 2 * FAN_EVENT_METADATA_LEN;
  bool is_malformed = true;
  const auto events = decode_all({first, file_record(99), file_record(8)}, is_malformed);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].descriptor, 7);
  EXPECT_EQ(events[1].descriptor, 8);
  EXPECT_FALSE(is_malformed);
}

TEST(Decoder, StopsAtACutRecord) {
  const auto bytes = bytes_of({file_record(7), file_record(8)});
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    bool is_malformed = false;
    const auto events = decode_all(std::span(bytes).first(length), is_malformed);
    EXPECT_EQ(events.size(), length / FAN_EVENT_METADATA_LEN) << length;
    EXPECT_EQ(is_malformed, length % FAN_EVENT_METADATA_LEN != 0) << length;
  }
}

TEST(Decoder, StopsAtARecordThatContradictsItself) {
  struct Case {
    const char* what;
    void (*spoil)(struct fanotify_event_metadata&);
  };
  for (const auto& [what, spoil] : {
           Case{"another version", [](auto& record) { record.vers = FANOTIFY_METADATA_VERSION + 1; }},
           Case{"version 0", [](auto& record) { record.vers = 0; }},
           Case{"an event shorter than its metadata",
                [](auto& record) { record.event_len = FAN_EVENT_METADATA_LEN - 1; }},
           Case{"an event of no length", [](auto& record) { record.event_len = 0; }},
           Case{"an event longer than the buffer",
                [](auto& record) { record.event_len = 2 * FAN_EVENT_METADATA_LEN + 1; }},
           Case{"an event of 4 GiB", [](auto& record) { record.event_len = UINT32_MAX; }},
           Case{"metadata shorter than any",
                [](auto& record) { record.metadata_len = FAN_EVENT_METADATA_LEN - 1; }},
           Case{"metadata longer than its event", [](auto& record) { record.metadata_len = UINT16_MAX; }},
       }) {
    auto bad = file_record(8);
    spoil(bad);
    bool is_malformed = false;
    const auto events = decode_all({file_record(7), bad, file_record(9)}, is_malformed);
    EXPECT_EQ(events.size(), 1U) << what;
    EXPECT_TRUE(is_malformed) << what;
  }
}

// Half of the rounds are random bytes, half a sound buffer with some bytes changed. What is decoded must lie
// in the buffer (the address sanitizer watches), be consistent, and end.
TEST(Decoder, SurvivesHostileBytes) {
  std::minstd_rand random(20260102);
  const auto sound =
      bytes_of({file_record(3, 10), overflow_record(), file_record(-EMFILE, 11), file_record(4, 12)});
  for (int round = 0; round < 50'000; ++round) {
    // Its own allocation, exactly as long as the bytes are.
    std::vector<std::byte> bytes(sound.begin(),
                                 sound.begin() + static_cast<long>(random() % (sound.size() + 1)));
    const bool is_random = round % 2 == 0;
    for (auto changes = is_random ? bytes.size() : random() % 4; changes > 0 && !bytes.empty(); --changes) {
      bytes[is_random ? changes - 1 : random() % bytes.size()] = static_cast<std::byte>(random());
    }
    bool is_malformed = false;
    const auto events = decode_all(bytes, is_malformed);
    EXPECT_LE(events.size(), bytes.size() / FAN_EVENT_METADATA_LEN);
    for (const auto& event : events) {
      EXPECT_GE(event.error, 0);
      EXPECT_EQ(event.type == RawEvent::Type::overflow, (event.mask & FAN_Q_OVERFLOW) != 0);
      if (event.type == RawEvent::Type::open_error) {
        EXPECT_EQ(event.descriptor, -1);
      } else if (event.type == RawEvent::Type::file) {
        EXPECT_GE(event.descriptor, 0);
      }
    }
  }
}

}  // namespace
}  // namespace dropwarden::watch
