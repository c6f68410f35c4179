// SPDX-License-Identifier: Apache-2.0
#include "net/grpc_framing.hpp"

#include <gtest/gtest.h>

namespace dropwarden::net {
namespace {

using Messages = std::vector<std::string>;
using namespace std::string_literals;

TEST(FrameMessage, PutsLengthInNetworkOrderBeforeTheMessage) {
  EXPECT_EQ(frame_message("ab"), "\0\0\0\0\2ab"s);
  EXPECT_EQ(frame_message(std::string(0x010203, 'x')).substr(0, 5), "\0\0\1\2\3"s);
}

TEST(MessageReader, GivesTheSameMessagesHoweverTheBytesAreCut) {
  const std::string stream = frame_message("one") + frame_message("") + frame_message("three");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    MessageReader reader(100);
    Messages all;
    for (const auto part : {std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}) {
      auto messages = reader.feed(part);
      ASSERT_TRUE(messages.has_value());
      all.insert(all.end(), messages->begin(), messages->end());
    }
    EXPECT_EQ(all, (Messages{"one", "", "three"})) << "cut at " << cut;
    EXPECT_EQ(reader.held_bytes(), 0U);
  }
}

TEST(MessageReader, TellsThatItHoldsAnUnfinishedMessage) {
  MessageReader reader(100);
  ASSERT_TRUE(reader.feed("\0\0\0\0\3ab"s).has_value());
  EXPECT_EQ(reader.held_bytes(), 7U);
}

TEST(MessageReader, RefusesAMessageLongerThanAllowedAtItsHeader) {
  MessageReader reader(100);
  const auto messages = reader.feed("\0\0\0\0\x65"s);
  ASSERT_FALSE(messages.has_value());
  EXPECT_EQ(messages.error().code, GrpcCode::resource_exhausted);
  EXPECT_EQ(messages.error().message, "a message of 101 bytes, 100 are allowed");
}

TEST(MessageReader, DoesNotTakeTheAnnouncedLengthOnTrust) {
  MessageReader reader(std::size_t{16} << 20U);
  ASSERT_TRUE(reader.feed("\0\0\xff\xff\xff"s).has_value());
  EXPECT_LT(reader.held_bytes(), 100U);
}

TEST(MessageReader, RefusesCompressedMessages) {
  MessageReader reader(100);
  const auto messages = reader.feed("\1\0\0\0\0"s);
  ASSERT_FALSE(messages.has_value());
  EXPECT_EQ(messages.error().code, GrpcCode::internal);
}

}  // namespace
}  // namespace dropwarden::net
