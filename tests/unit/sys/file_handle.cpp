// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/file_handle.hpp"

#include <cerrno>
#include <fcntl.h>
#include <vector>

#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "scratch_directory.hpp"

namespace dropwarden::sys {
namespace {

TEST(FileHandle, HasNoMoreBytesThanTheKernelGives) {
  const std::vector<std::byte> bytes(FileHandle::max_bytes + 1, std::byte{1});
  EXPECT_FALSE(FileHandle::make(1, bytes).has_value());
  const auto most = FileHandle::make(1, std::span(bytes).first(FileHandle::max_bytes));
  ASSERT_TRUE(most.has_value());
  EXPECT_EQ(most->bytes().size(), FileHandle::max_bytes);
}

TEST(FileHandle, DiffersByTypeLengthAndBytes) {
  const std::vector<std::byte> bytes(8, std::byte{0});
  const auto handle = FileHandle::make(1, bytes);
  EXPECT_EQ(handle, FileHandle::make(1, bytes));
  EXPECT_NE(handle, FileHandle::make(2, bytes));
  EXPECT_NE(handle, FileHandle::make(1, std::span(bytes).first(4)));
}

TEST(ReadHandle, IsTheSameForOneFileByTwoDescriptors) {
  ScratchDirectory directory;
  const auto first = open_path(directory / ".", O_PATH | O_DIRECTORY);
  const auto second = open_path(directory / ".", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(first && second);
  const auto handle = read_handle(first->number());
  if (!handle && handle.error().number == EOPNOTSUPP) GTEST_SKIP() << "SKIP kernel: no handles here";
  ASSERT_TRUE(handle) << handle.error().text();
  EXPECT_EQ(*handle, read_handle(second->number()));
  EXPECT_EQ(HashFileHandle{}(*handle), HashFileHandle{}(*read_handle(second->number())));
}

TEST(OpenByHandle, OpensNothingForBytesThatAreNoHandle) {
  ScratchDirectory directory;
  const auto mount = open_path(directory / ".", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(mount);
  EXPECT_FALSE(open_by_handle(mount->number(), FileHandle{}, O_PATH).has_value());
}

}  // namespace
}  // namespace dropwarden::sys
