// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/drop_key.hpp"

#include <chrono>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace dropwarden::attribute {
namespace {

model::Finding drop() {
  model::Finding finding;
  finding.event.container.id = {"c0ffee"};
  finding.event.file.inode = 42;
  finding.event.file.size = 4096;
  finding.event.file.sha256 = {std::string(64, 'a'), model::HashStatus::done};
  finding.event.header = {std::byte{0x7f}};
  return finding;
}

TEST(PlaceDigest, IsThatOfContainerFileSystemAndInode) {
  auto other_container = drop();
  other_container.event.container.id = {"c0ffef"};
  auto other_inode = drop();
  other_inode.event.file.inode = 43;
  const std::set<Digest> places{place_digest(drop(), "rootfs"), place_digest(drop(), "volume"),
                                place_digest(other_container, "rootfs"), place_digest(other_inode, "rootfs")};
  EXPECT_EQ(places.size(), 4U);
}

TEST(PlaceDigest, StaysWhereverTheFileIsMovedTo) {
  auto moved = drop();
  moved.event.file.path = "/usr/bin/x";
  moved.event.file.mode = 0755;
  moved.event.file.changed += std::chrono::seconds{1};
  EXPECT_EQ(place_digest(moved, "rootfs"), place_digest(drop(), "rootfs"));
  EXPECT_EQ(content_digest(moved), content_digest(drop()));
}

TEST(ContentDigest, DiffersWithSizeAndHash) {
  auto size = drop();
  ++size.event.file.size;
  auto hash = drop();
  hash.event.file.sha256.value.back() = 'b';
  EXPECT_NE(content_digest(size), content_digest(drop()));
  EXPECT_NE(content_digest(hash), content_digest(drop()));
}

TEST(ContentDigest, TakesAFileThatIsTooLargeByItsTimeAndHeader) {
  auto large = drop();
  large.event.file.sha256 = {{}, model::HashStatus::too_large};
  auto header = large;
  header.event.header = {std::byte{'#'}};
  auto time = large;
  time.event.file.modified += std::chrono::nanoseconds{1};
  const std::set contents{content_digest(drop()), content_digest(large), content_digest(header),
                          content_digest(time)};
  EXPECT_EQ(contents.size(), 4U);
}

TEST(ContentDigest, TakesWhatWasReadOfAFileWhoseCtimeMovedMeanwhile) {
  auto moved = drop();
  moved.event.file.sha256 = {.value = {}, .status = model::HashStatus::changed, .read = std::string(64, 'a')};
  EXPECT_EQ(content_digest(moved), content_digest(drop()));
}

TEST(ContentDigest, IsNotKnownWithoutAHash) {
  using enum model::HashStatus;
  for (const auto status : {pending, changed, gone, unreadable, skipped}) {
    auto finding = drop();
    finding.event.file.sha256 = {{}, status};
    EXPECT_EQ(content_digest(finding), std::nullopt) << name_of(status);
  }
}

TEST(ParseId, ReadsThirtyTwoDigits) {
  const Digest id = parse_id("000102030405060708090a0b0c0d0eff");
  EXPECT_EQ(id[1], std::byte{1});
  EXPECT_EQ(id[15], std::byte{0xff});
  EXPECT_EQ(parse_id("00"), Digest{});
  EXPECT_EQ(parse_id(std::string(32, 'x')), Digest{});
}

}  // namespace
}  // namespace dropwarden::attribute
