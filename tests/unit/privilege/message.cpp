// SPDX-License-Identifier: Apache-2.0
#include "privilege/message.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "dropwarden/privilege/channel.hpp"

#include "privilege/answer.hpp"

namespace dropwarden::privilege {
namespace {

std::size_t count_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    count += entry.path().empty() ? 0 : 1;
  return count;
}

std::string packet(std::uint32_t total, std::uint32_t offset, std::string_view piece) {
  const PieceHeader about{.total = total, .offset = offset};
  return std::string(reinterpret_cast<const char*>(&about), sizeof about) + std::string(piece);
}

std::vector<sys::Fd> some_descriptors(int count) {
  std::vector<sys::Fd> all;
  for (int i = 0; i < count; ++i) all.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return all;
}

// A request for the operation `number`, in bytes.
std::string request(std::uint16_t number, const std::string& arguments = {}) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof number) + arguments;
}

TEST(Message, ArrivesWholeWithItsDescriptors) {
  const auto [one, other] = open_lane();
  const auto lent = some_descriptors(3);
  Outgoing message{.bytes = std::string(300'000, 'x') + "end", .descriptors = {}};
  for (const sys::Fd& file : lent) message.descriptors.push_back(file.number());
  std::thread sender([&] { EXPECT_TRUE(send(one.number(), message)); });
  const auto received = receive(other.number(), std::size_t{1} << 20U);
  sender.join();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->bytes, message.bytes);
  EXPECT_EQ(received->descriptors.size(), 3U);
}

TEST(Message, IsRefusedWhenItIsLongerThanAllowed) {
  const auto [one, other] = open_lane();
  ASSERT_TRUE(send(one.number(), {.bytes = std::string(1000, 'x'), .descriptors = {}}));
  EXPECT_EQ(receive(other.number(), 999).error().number, EPROTO);
}

TEST(Message, EndsWithTheConnection) {
  auto [one, other] = open_lane();
  one.reset();
  EXPECT_EQ(receive(other.number(), 1000).error().number, ECONNRESET);
  EXPECT_EQ(send(other.number(), {.bytes = "x", .descriptors = {}}).error().number, EPIPE);
}

TEST(Message, LeavesNothingOpenThatItRefuses) {
  const auto before = count_descriptors();
  {
    const auto [one, other] = open_lane();
    const auto lent = some_descriptors(1);
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(send(one.number(), {.bytes = "x", .descriptors = {lent.front().number()}}));
      EXPECT_FALSE(receive(other.number(), 0));
    }
  }
  EXPECT_EQ(count_descriptors(), before);
}

TEST(Assembly, TakesPiecesInTheirOrderAlone) {
  const std::string piece(max_piece, 'x');
  Assembly good(100'000);
  EXPECT_TRUE(good.add(packet(max_piece + 1, 0, piece), {}));
  EXPECT_FALSE(good.is_complete());
  EXPECT_TRUE(good.add(packet(max_piece + 1, max_piece, "y"), {}));
  EXPECT_TRUE(good.is_complete());

  EXPECT_FALSE(Assembly(100).add("short", {}));
  EXPECT_FALSE(Assembly(100).add(packet(101, 0, "x"), {})) << "longer than allowed";
  EXPECT_FALSE(Assembly(100).add(packet(1, 1, "x"), {})) << "not from the beginning";
  EXPECT_FALSE(Assembly(100).add(packet(1, 0, "xy"), {})) << "more than it says";
  EXPECT_FALSE(Assembly(100).add(packet(3, 0, "x"), {})) << "a short piece in the middle";
  EXPECT_FALSE(Assembly(100).add(packet(1, 0, "x"), some_descriptors(max_descriptors + 1)));

  Assembly other_total(100'000);
  EXPECT_TRUE(other_total.add(packet(max_piece + 1, 0, piece), {}));
  EXPECT_FALSE(other_total.add(packet(max_piece + 2, max_piece, "yz"), {}));
  Assembly late_descriptor(100'000);
  EXPECT_TRUE(late_descriptor.add(packet(max_piece + 1, 0, piece), {}));
  EXPECT_FALSE(late_descriptor.add(packet(max_piece + 1, max_piece, "y"), some_descriptors(1)));
}

TEST(Answer, RefusesWhatIsNoRequest) {
  const auto direct = make_direct();
  EXPECT_FALSE(answer({.bytes = {}, .descriptors = {}}, *direct));
  EXPECT_FALSE(answer({.bytes = request(60'000), .descriptors = {}}, *direct)) << "no such operation";
  EXPECT_FALSE(answer({.bytes = request(0), .descriptors = {}}, *direct)) << "no arguments";
  EXPECT_FALSE(answer({.bytes = request(0, std::string(100, '\0')), .descriptors = {}}, *direct))
      << "too many";
  EXPECT_FALSE(
      answer({.bytes = request(0, std::string(8, '\0')), .descriptors = some_descriptors(1)}, *direct))
      << "a descriptor that nobody asked for";
  // mark_file_system: its group is missing.
  EXPECT_FALSE(answer({.bytes = request(1, std::string(21, '\0')), .descriptors = {}}, *direct));
}

TEST(Decoder, RefusesNumbersThatAnEnumerationHasNot) {
  Encoder encoder;
  encoder.put(static_cast<std::int32_t>(ProcessFile::user_namespace) + 1);
  const auto message = encoder.take();
  Decoder decoder(message.bytes, {});
  decoder.get<ProcessFile>();
  EXPECT_FALSE(decoder.is_well_formed());
}

TEST(Decoder, TakesNoMemoryForALengthAlone) {
  Encoder encoder;
  encoder.put(std::uint32_t{0xffffffff});
  const auto message = encoder.take();
  for (int kind = 0; kind < 2; ++kind) {
    Decoder decoder(message.bytes, {});
    if (kind == 0)
      EXPECT_TRUE(decoder.get<std::vector<RegistrationFile>>().empty());
    else
      EXPECT_TRUE(decoder.get<std::string>().empty());
    EXPECT_FALSE(decoder.is_well_formed());
  }
}

TEST(Decoder, RefusesEveryCutAndGivesBackWhatWasPut) {
  Encoder encoder;
  const std::vector<ContainerMount> mounts{{"/data", 7, "ext4", 0xef53, true}, {"/x", 8, "tmpfs", 1, false}};
  const std::vector<sys::Result<RootIdentity>> answers{
      RootIdentity{.mount_id = 1,
                   .device_major = 2,
                   .device_minor = 3,
                   .file_system_type = 4,
                   .file_system_id = 5,
                   .upper = DirectoryIdentity{.device_major = 6, .device_minor = 7, .inode = 8}},
      RootIdentity{.belongs_to_others = true}, std::unexpected(sys::Error{"open", "/y", ESTALE})};
  encoder.put(mounts);
  encoder.put(answers);
  encoder.put(RootPath{ProcessRoot{42}});
  const auto message = encoder.take();
  for (std::size_t length = 0; length <= message.bytes.size(); ++length) {
    Decoder decoder(std::string_view(message.bytes).substr(0, length), {});
    const auto got = decoder.get<std::vector<ContainerMount>>();
    const auto got_answers = decoder.get<std::vector<sys::Result<RootIdentity>>>();
    const auto root = decoder.get<RootPath>();
    ASSERT_EQ(decoder.is_well_formed(), length == message.bytes.size()) << length;
    if (!decoder.is_well_formed()) continue;
    EXPECT_EQ(got[0].type, "ext4");
    EXPECT_TRUE(got[0].is_whole_file_system);
    EXPECT_EQ(got_answers[0]->file_system_id, 5U);
    EXPECT_EQ(got_answers[0]->upper, (DirectoryIdentity{.device_major = 6, .device_minor = 7, .inode = 8}));
    EXPECT_EQ(got_answers[1]->upper, std::nullopt);
    EXPECT_EQ(got_answers[2].error().object, "/y");
    EXPECT_EQ(std::get<ProcessRoot>(root).pid, 42);
  }
}

}  // namespace
}  // namespace dropwarden::privilege
