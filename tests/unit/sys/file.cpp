// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/file.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fcntl.h>
#include <linux/magic.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scratch_directory.hpp"

namespace dropwarden::sys {
namespace {

std::string_view text_of(const auto& bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

class FileTest : public testing::Test {
 protected:
  ScratchDirectory directory_;
};

TEST_F(FileTest, IsReadWhole) {
  for (const std::size_t size : {0UL, 1UL, 4095UL, 4096UL, 4097UL, 100000UL}) {
    const std::string content(size, 'x');
    const auto read = read_file(directory_.write("f", content), 100000);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(*read, content) << size;
  }
}

TEST_F(FileTest, IsNotReadWhenItHoldsMoreThanItMay) {
  const auto path = directory_.write("f", std::string(8193, 'x'));
  EXPECT_EQ(read_file(path, 8192).error().number, EFBIG);
  EXPECT_EQ(read_file(path, 0).error().number, EFBIG);
  EXPECT_TRUE(read_file(path, 8193));
}

TEST_F(FileTest, IsReadWholeThoughItsSizeIsSaidToBeNothing) {
  // Files of /proc have size 0 (proc(5)).
  const auto status = read_file("/proc/self/status", 65536);
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_THAT(*status, testing::HasSubstr("\nPid:\t" + std::to_string(::getpid()) + "\n"));
}

TEST_F(FileTest, NamesWhatCouldNotBeRead) {
  const auto missing = read_file(directory_ / "missing", 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().number, ENOENT);
  EXPECT_EQ(missing.error().object, directory_ / "missing");
  EXPECT_EQ(read_file("/", 10).error().number, EISDIR);
}

TEST_F(FileTest, IsReadFromAnOffsetAndShortAtItsEndOnly) {
  const auto file = value_or_throw(open_path(directory_.write("f", "0123456789"), O_RDONLY));
  std::array<std::byte, 4> four{};
  EXPECT_EQ(read_at(file.number(), four, 3), 4U);
  EXPECT_EQ(text_of(four, 4), "3456");
  EXPECT_EQ(read_at(file.number(), four, 8), 2U);
  EXPECT_EQ(text_of(four, 2), "89");
  EXPECT_EQ(read_at(file.number(), four, 10), 0U);
  EXPECT_EQ(read_at(-1, four, 0).error().number, EBADF);
}

TEST_F(FileTest, IsOpenedCloseOnExec) {
  const auto file = value_or_throw(open_path(directory_.write("f", ""), O_RDONLY));
  EXPECT_EQ(::fcntl(file.number(), F_GETFD), FD_CLOEXEC);
  const auto below = value_or_throw(open_beneath(directory_.open().number(), "f", O_RDONLY));
  EXPECT_EQ(::fcntl(below.number(), F_GETFD), FD_CLOEXEC);
}

TEST_F(FileTest, TellsItsStatus) {
  const auto path = directory_.write("f", "12345");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(::link(path.c_str(), (directory_ / "second").c_str()), 0);
  const auto file = value_or_throw(open_path(path, O_RDONLY));
  struct stat expected{};
  ASSERT_EQ(::fstat(file.number(), &expected), 0);

  const auto status = value_or_throw(read_status(file.number()));
  EXPECT_EQ(status.mode, static_cast<unsigned>(S_IFREG | 0640));
  EXPECT_EQ(status.links, 2U);
  EXPECT_EQ(status.uid, ::geteuid());
  EXPECT_EQ(status.inode, expected.st_ino);
  EXPECT_EQ(status.size, 5U);
  EXPECT_EQ(status.device_major, major(expected.st_dev));
  EXPECT_EQ(status.device_minor, minor(expected.st_dev));
  const auto changed =
      std::chrono::seconds(expected.st_ctim.tv_sec) + std::chrono::nanoseconds(expected.st_ctim.tv_nsec);
  EXPECT_EQ(status.changed.time_since_epoch(), changed);
}

TEST_F(FileTest, TellsTheMountByTheNumberThatMountinfoHas) {
  const auto file = value_or_throw(open_path("/proc/self/status", O_RDONLY));
  const auto status = value_or_throw(read_status(file.number()));
  if (status.mount_id == 0) GTEST_SKIP() << "SKIP kernel: statx gives no mount ID before Linux 5.8";
  const auto mounts = value_or_throw(read_file("/proc/self/mountinfo", 1 << 24));
  EXPECT_THAT("\n" + mounts, testing::HasSubstr("\n" + std::to_string(status.mount_id) + " "));
}

TEST_F(FileTest, TellsTheMountAlsoWithoutAskingItsFileSystem) {
  const auto file = value_or_throw(open_path("/proc/self/status", O_PATH));
  EXPECT_EQ(value_or_throw(read_mount_id(file.number())),
            value_or_throw(read_status(file.number())).mount_id);
  EXPECT_EQ(read_mount_id(-1).error().number, EBADF);
}

TEST_F(FileTest, TellsItsAttributesAlsoWhenItIsNotOpenForReading) {
  const auto path = directory_.write("f", "");
  if (::setxattr(path.c_str(), "user.test", "value", 5, 0) != 0) {
    GTEST_SKIP() << "SKIP kernel: no attributes on the file system of /var/tmp";
  }
  for (const int flags : {O_PATH, O_RDONLY}) {
    const auto file = value_or_throw(open_path(path, flags));
    EXPECT_EQ(value_or_throw(read_attribute(file.number(), "user.test", 10)), "value");
    EXPECT_EQ(value_or_throw(read_attribute(file.number(), "user.none", 10)), std::nullopt);
    EXPECT_EQ(read_attribute(file.number(), "user.test", 4).error().number, ERANGE);
    EXPECT_TRUE(value_or_throw(may_have_attributes(file.number(), "user.te")));
    EXPECT_FALSE(value_or_throw(may_have_attributes(file.number(), "user.none")));
  }
  EXPECT_EQ(may_have_attributes(-1, "user.").error().number, ENOENT) << "there is no such link in /proc";
}

TEST_F(FileTest, MayHaveAnyAttributeWhereThereAreVeryMany) {
  const auto path = directory_.write("f", "");
  for (int i = 0; i < 100; ++i) {
    if (::setxattr(path.c_str(), ("user.number." + std::to_string(i)).c_str(), "", 0, 0) != 0)
      GTEST_SKIP() << "SKIP kernel: no room for a hundred attributes on the file system of /var/tmp";
  }
  const auto file = value_or_throw(open_path(path, O_PATH));
  EXPECT_TRUE(value_or_throw(may_have_attributes(file.number(), "trusted.")));
}

TEST_F(FileTest, IsTheSameWhenItIsOpenedOnceMoreWhateverItsNameLeadsTo) {
  const auto path = directory_.write("f", "first");
  const auto file = value_or_throw(open_path(path, O_PATH));
  ASSERT_EQ(::rename(directory_.write("g", "second").c_str(), path.c_str()), 0);
  const auto again = value_or_throw(reopen(file.number(), O_RDONLY));
  EXPECT_EQ(value_or_throw(read_file(again.number(), 100, "f")), "first");
  EXPECT_EQ(::fcntl(again.number(), F_GETFD), FD_CLOEXEC);
}

TEST_F(FileTest, TellsItsFileSystem) {
  const auto file = value_or_throw(open_path("/proc/self/status", O_RDONLY));
  const auto status = read_file_system_status(file.number());
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_EQ(status->type, static_cast<std::uint64_t>(PROC_SUPER_MAGIC));
  EXPECT_EQ(read_file_system_status(-1).error().number, EBADF);
}

TEST_F(FileTest, HasItsLinkReadWholeHoweverLong) {
  for (const std::size_t length : {1UL, 255UL, 256UL, 257UL, 4000UL}) {
    const auto link = directory_ / ("link" + std::to_string(length));
    const std::string target(length, 't');
    ASSERT_EQ(::symlink(target.c_str(), link.c_str()), 0);
    EXPECT_EQ(value_or_throw(read_link(link)), target);
  }
  EXPECT_EQ(read_link(directory_.write("f", "")).error().number, EINVAL);
}

TEST_F(FileTest, IsKnownByItsPathAndMarkedOnceDeleted) {
  const auto path = directory_.write("f", "");
  const auto file = value_or_throw(open_path(path, O_RDONLY));
  EXPECT_EQ(value_or_throw(read_descriptor_path(file.number())), path);
  ASSERT_EQ(::unlink(path.c_str()), 0);
  EXPECT_EQ(value_or_throw(read_descriptor_path(file.number())), path + " (deleted)");
  EXPECT_EQ(value_or_throw(read_status(file.number())).links, 0U);
}

}  // namespace
}  // namespace dropwarden::sys
