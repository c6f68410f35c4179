// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/fid_decoder.hpp"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fid_record.hpp"

namespace dropwarden::watch {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

std::string text_of(const std::optional<Fid>& fid) {
  if (!fid) return "none";
  const auto bytes = fid->handle.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Decoded {
  std::vector<FidEvent> events;
  bool is_malformed = false;
};
Decoded decode(std::span<const std::byte> bytes) {
  FidDecoder decoder(bytes);
  Decoded decoded;
  while (const auto event = decoder.next()) decoded.events.push_back(*event);
  decoded.is_malformed = decoder.is_malformed();
  EXPECT_FALSE(decoder.next().has_value());
  return decoded;
}

Bytes named_event(std::string_view name = "payload") {
  return fid_record(FAN_ATTRIB, {fid_info(FAN_EVENT_INFO_TYPE_DFID_NAME, "directory", name),
                                 fid_info(FAN_EVENT_INFO_TYPE_FID, "file")});
}

TEST(FidDecoder, FindsNothingInAnEmptyBuffer) {
  const auto decoded = decode({});
  EXPECT_THAT(decoded.events, IsEmpty());
  EXPECT_FALSE(decoded.is_malformed);
}

TEST(FidDecoder, HandsOutDirectoryNameAndObject) {
  const Bytes bytes =
      joined({named_event(),
              fid_record(FAN_MOVED_TO | FAN_ONDIR, {fid_info(FAN_EVENT_INFO_TYPE_DFID_NAME, "d", "x")}, 9)});
  const auto decoded = decode(bytes);
  ASSERT_THAT(decoded.events, SizeIs(2));
  EXPECT_FALSE(decoded.is_malformed);
  const FidEvent& first = decoded.events[0];
  EXPECT_EQ(text_of(first.directory), "directory");
  EXPECT_EQ(first.name, "payload");
  EXPECT_EQ(text_of(first.object), "file");
  EXPECT_EQ(first.directory->file_system.value, 0x1122334455667788U);
  EXPECT_EQ(first.directory->handle.type(), 0x81);
  EXPECT_EQ(first.mask, FAN_ATTRIB);
  EXPECT_EQ(first.pid.value, 7);
  EXPECT_FALSE(first.is_directory());
  EXPECT_TRUE(decoded.events[1].is_directory());
  EXPECT_EQ(text_of(decoded.events[1].object), "none");
  EXPECT_EQ(decoded.events[1].pid.value, 9);
}

TEST(FidDecoder, LeavesOutTheNameWhereTheKernelTellsNone) {
  const Bytes bytes = joined({fid_record(FAN_ATTRIB, {fid_info(FAN_EVENT_INFO_TYPE_FID, "file")}),
                              fid_record(FAN_ATTRIB, {fid_info(FAN_EVENT_INFO_TYPE_DFID, "d")})});
  const auto decoded = decode(bytes);
  ASSERT_THAT(decoded.events, SizeIs(2));
  EXPECT_EQ(text_of(decoded.events[0].directory), "none");
  EXPECT_EQ(text_of(decoded.events[0].object), "file");
  EXPECT_EQ(text_of(decoded.events[1].directory), "d");
  EXPECT_EQ(decoded.events[1].name, "");
}

TEST(FidDecoder, TellsAnOverflow) {
  const auto decoded = decode(fid_record(FAN_Q_OVERFLOW, {}));
  ASSERT_THAT(decoded.events, SizeIs(1));
  EXPECT_TRUE(decoded.events[0].is_overflow);
  EXPECT_FALSE(decoded.is_malformed);
}

TEST(FidDecoder, PassesOverInformationThatItDoesNotKnow) {
  Bytes unknown = fid_info(FAN_EVENT_INFO_TYPE_FID, "ignored");
  unknown[0] = std::byte{99};
  const auto decoded = decode(fid_record(FAN_ATTRIB, {unknown, fid_info(FAN_EVENT_INFO_TYPE_FID, "file")}));
  ASSERT_THAT(decoded.events, SizeIs(1));
  EXPECT_EQ(text_of(decoded.events[0].object), "file");
}

TEST(FidDecoder, StopsAtACutRecord) {
  const Bytes one = named_event();
  const Bytes bytes = joined({one, one});
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto decoded = decode(std::span(bytes).first(length));
    EXPECT_THAT(decoded.events, SizeIs(length / one.size())) << length;
    EXPECT_EQ(decoded.is_malformed, length % one.size() != 0) << length;
  }
}

TEST(FidDecoder, StopsAtInformationThatContradictsItself) {
  constexpr std::size_t info = FAN_EVENT_METADATA_LEN;
  struct Case {
    const char* what;
    std::size_t offset;
    std::uint8_t value;
  };
  for (const auto& [what, offset, value] :
       {Case{"a record of no length", info + 2, 0}, Case{"shorter than its own header", info + 2, 3},
        Case{"too short for a file system", info + 2, 11}, Case{"longer than the event", info + 3, 0xff},
        Case{"a handle longer than its record", info + 12, 0xf0},
        Case{"a handle of 4 GiB", info + 15, 0xff}}) {
    Bytes bad = named_event();
    bad[offset] = std::byte{value};
    const auto decoded = decode(joined({named_event(), bad, named_event()}));
    EXPECT_THAT(decoded.events, SizeIs(1)) << what;
    EXPECT_TRUE(decoded.is_malformed) << what;
  }
}

TEST(FidDecoder, TakesNoHandleThatIsLongerThanAnyIs) {
  const std::string most(sys::FileHandle::max_bytes, 'h');
  EXPECT_THAT(decode(fid_record(FAN_ATTRIB, {fid_info(FAN_EVENT_INFO_TYPE_FID, most)})).events, SizeIs(1));
  EXPECT_TRUE(decode(fid_record(FAN_ATTRIB, {fid_info(FAN_EVENT_INFO_TYPE_FID, most + "h")})).is_malformed);
}

TEST(FidDecoder, TakesNoNameThatWouldLeaveItsDirectory) {
  EXPECT_TRUE(decode(named_event("../etc/passwd")).is_malformed);
  EXPECT_EQ(decode(named_event("..")).events.at(0).name, "..");
}

TEST(FidDecoder, TakesNoNameWithoutAnEnd) {
  Bytes info = fid_info(FAN_EVENT_INFO_TYPE_DFID_NAME, "d", "name");
  std::ranges::replace(info.begin() + 21, info.end(), std::byte{0}, std::byte{'x'});
  EXPECT_TRUE(decode(fid_record(FAN_ATTRIB, {info})).is_malformed);
}

// Half of the rounds are random bytes, half a sound buffer with some bytes changed. What is decoded must lie
// in the buffer (the address sanitizer watches), and end.
TEST(FidDecoder, SurvivesHostileBytes) {
  std::minstd_rand random(20260103);
  const Bytes sound =
      joined({named_event(), fid_record(FAN_Q_OVERFLOW, {}),
              fid_record(FAN_ATTRIB, {fid_info(FAN_EVENT_INFO_TYPE_FID, "file")}), named_event("another")});
  for (int round = 0; round < 50'000; ++round) {
    // Its own allocation, exactly as long as the bytes are.
    Bytes bytes(sound.begin(), sound.begin() + static_cast<long>(random() % (sound.size() + 1)));
    const bool is_random = round % 2 == 0;
    for (auto changes = is_random ? bytes.size() : random() % 4; changes > 0 && !bytes.empty(); --changes)
      bytes[is_random ? changes - 1 : random() % bytes.size()] = static_cast<std::byte>(random());
    for (const FidEvent& event : decode(bytes).events) {
      EXPECT_FALSE(event.name.contains('/'));
      EXPECT_FALSE(event.name.contains('\0'));
    }
  }
}

}  // namespace
}  // namespace dropwarden::watch
