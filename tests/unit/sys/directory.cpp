// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/directory.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <span>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/file.hpp"

#include "scratch_directory.hpp"

namespace dropwarden::sys {
namespace {

using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST(ListDirectory, GivesAllNamesButTheDotsAndDoesSoAgain) {
  const ScratchDirectory scratch;
  for (const char* name : {"a", ".b", "c d"}) scratch.write(name, "x");
  const Fd directory = value_or_throw(open_path(scratch / ".", O_RDONLY | O_DIRECTORY));
  for (int round = 0; round < 2; ++round)
    EXPECT_THAT(value_or_throw(list_directory(directory.number(), 10)),
                UnorderedElementsAre("a", ".b", "c d"));
  EXPECT_THAT(value_or_throw(list_directory(directory.number(), 2)), SizeIs(2));
}

TEST(IsPrivateDirectory, IsOneThatNobodyElseMayChange) {
  const ScratchDirectory scratch;
  EXPECT_TRUE(is_private_directory(scratch / ".").value());
  for (const mode_t mode : {0770U, 0707U, 01777U}) {
    ASSERT_EQ(::chmod((scratch / ".").c_str(), mode), 0);
    EXPECT_FALSE(is_private_directory(scratch / ".").value()) << mode;
  }
  scratch.write("file", "");
  EXPECT_EQ(is_private_directory(scratch / "file").error().number, ENOTDIR);
  EXPECT_EQ(is_private_directory(scratch / "none").error().number, ENOENT);
}

TEST(ReadDirectory, GivesALargeOneInPartsAndGoesOnFromAnotherDescriptor) {
  const ScratchDirectory scratch;
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(std::string(200, 'n') + std::to_string(i));
    scratch.write(expected.back(), "");
  }
  std::vector<std::string> names;
  std::int64_t position = 0;
  for (bool is_at_end = false; !is_at_end;) {
    const Fd directory = value_or_throw(open_path(scratch / ".", O_RDONLY | O_DIRECTORY));
    value_or_throw(seek_directory(directory.number(), position));
    const DirectoryPart part = value_or_throw(read_directory(directory.number(), 1024));
    EXPECT_LE(part.bytes, 1024U);
    for (const DirectoryEntry& entry : part.entries) names.push_back(entry.name);
    is_at_end = part.is_at_end;
    position = part.next;
  }
  EXPECT_THAT(names, testing::UnorderedElementsAreArray(expected));
}

TEST(ReadDirectory, HasRoomForTheLongestNameInTheLeastThatItMayBeGiven) {
  const ScratchDirectory scratch;
  scratch.write(std::string(255, 'x'), "");
  const Fd directory = value_or_throw(open_path(scratch / ".", O_RDONLY | O_DIRECTORY));
  std::size_t names = 0;
  while (true) {
    const auto part = read_directory(directory.number(), max_directory_entry);
    ASSERT_TRUE(part) << part.error().text();
    names += part->entries.size();
    if (part->is_at_end) break;
  }
  EXPECT_EQ(names, 1U);
}

TEST(ReadDirectory, TellsWhatAnEntryIs) {
  const ScratchDirectory scratch;
  scratch.write("file", "");
  ASSERT_TRUE(make_directory(scratch / "directory", 0700));
  ASSERT_EQ(::symlink("file", (scratch / "link").c_str()), 0);
  const Fd directory = value_or_throw(open_path(scratch / ".", O_RDONLY | O_DIRECTORY));
  const DirectoryPart part = value_or_throw(read_directory(directory.number(), 4096));
  ASSERT_THAT(part.entries, SizeIs(3));
  for (const DirectoryEntry& entry : part.entries) {
    const EntryType expected = entry.name == "file"        ? EntryType::regular
                               : entry.name == "directory" ? EntryType::directory
                                                           : EntryType::other;
    EXPECT_EQ(entry.type, expected) << entry.name;
  }
}

// The kernel writes no such record: one that says it has no length would be read for ever.
TEST(ReadDirectory, TakesNoRecordWithoutEndOrLength) {
  std::array<std::byte, 64> records{};
  const auto set_length = [&](std::uint16_t length) {
    std::memcpy(records.data() + offsetof(struct dirent64, d_reclen), &length, sizeof length);
  };
  for (const std::uint16_t length : {0, 18, 19, 72}) {
    set_length(length);
    EXPECT_FALSE(parse_directory(records)) << length;
  }
  EXPECT_FALSE(parse_directory(std::span(records).first(18)));
  set_length(64);
  records[offsetof(struct dirent64, d_name)] = std::byte{'a'};
  const auto part = parse_directory(records);
  ASSERT_TRUE(part);
  ASSERT_THAT(part->entries, SizeIs(1));
  EXPECT_EQ(part->entries[0].name, "a");
}

TEST(ListDirectory, FailsOnWhatIsNone) {
  const Fd file = value_or_throw(open_path("/proc/self/status", O_RDONLY));
  EXPECT_EQ(list_directory(file.number(), 10).error().number, ENOTDIR);
}

TEST(ReadShape, TellsTypeAndPermissions) {
  const Fd file = value_or_throw(open_path("/proc/self/status", O_RDONLY));
  EXPECT_EQ(value_or_throw(read_shape(file.number())).mode, S_IFREG | 0444U);
  EXPECT_EQ(read_shape(-1).error().number, EBADF);
}

}  // namespace
}  // namespace dropwarden::sys
