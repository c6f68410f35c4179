// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/append_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/temporary_directory.hpp"

namespace dropwarden::sys {
namespace {

class AppendFileTest : public testing::Test {
 protected:
  std::filesystem::path path(const char* name = "log") const { return directory_.path() / name; }
  static std::string content(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const test::TemporaryDirectory directory_;
};

TEST_F(AppendFileTest, AppendsToAPrivateFile) {
  std::ofstream(path()) << "before\n";
  std::filesystem::remove(path());
  AppendFile file({.path = path()});
  ASSERT_TRUE(file.append("1\n"));
  ASSERT_TRUE(file.append("2\n"));
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(content(path()), "1\n2\n");
  ASSERT_TRUE(AppendFile({.path = path()}).append("3\n"));
  EXPECT_EQ(content(path()), "1\n2\n3\n");
}

TEST_F(AppendFileTest, RotatesBySize) {
  AppendFile file({.path = path(), .max_bytes = 4, .kept = 2});
  for (const char* line : {"1\n", "2\n", "3\n", "4\n", "5\n", "6\n", "7\n", "long\n"})
    ASSERT_TRUE(file.append(line));
  EXPECT_EQ(content(path()), "long\n") << "a line is not cut";
  EXPECT_EQ(content(path("log.1")), "7\n");
  EXPECT_EQ(content(path("log.2")), "5\n6\n");
  EXPECT_FALSE(std::filesystem::exists(path("log.3")));
}

TEST_F(AppendFileTest, RotatesByAge) {
  AppendFile file({.path = path(), .max_age = std::chrono::milliseconds{1}, .kept = 0});
  ASSERT_TRUE(file.append("1\n"));
  ::usleep(2000);
  ASSERT_TRUE(file.append("2\n"));
  EXPECT_EQ(content(path()), "2\n");
}

TEST_F(AppendFileTest, IsNotConfusedByAClockThatIsSet) {
  auto now = std::chrono::system_clock::now();
  AppendFile file({.path = path(), .max_age = std::chrono::hours{1}, .kept = 5, .now = [&] { return now; }});
  ASSERT_TRUE(file.append("1\n"));
  now += std::chrono::hours{24 * 365};
  for (const char* line : {"2\n", "3\n"}) ASSERT_TRUE(file.append(line));
  EXPECT_EQ(content(path("log.1")), "1\n");
  EXPECT_EQ(content(path()), "2\n3\n") << "rotated once";
  now -= std::chrono::hours{24 * 730};
  ASSERT_TRUE(file.append("4\n"));
  EXPECT_EQ(content(path()), "2\n3\n4\n");
  now += std::chrono::hours{2};
  ASSERT_TRUE(file.append("5\n"));
  EXPECT_EQ(content(path()), "5\n") << "an hour after it was set";
}

TEST_F(AppendFileTest, OpensANewOneOnceItWasRenamed) {
  AppendFile file({.path = path()});
  ASSERT_TRUE(file.append("1\n"));
  std::filesystem::rename(path(), path("old"));
  ASSERT_TRUE(file.append("2\n"));
  EXPECT_EQ(content(path("old")), "1\n");
  EXPECT_EQ(content(path()), "2\n");
  std::filesystem::remove(path());
  ASSERT_TRUE(file.reopen());
  EXPECT_TRUE(std::filesystem::exists(path())) << "at once";
  ASSERT_TRUE(file.append("3\n"));
  EXPECT_EQ(content(path()), "3\n");
}

TEST_F(AppendFileTest, EndsALineThatWasTorn) {
  std::ofstream(path()) << "half";
  ASSERT_TRUE(AppendFile({.path = path()}).append("1\n"));
  EXPECT_EQ(content(path()), "half\n1\n");
}

TEST_F(AppendFileTest, WritesNoLineInPartWhenTheDiskIsFull) {
  const auto mount_point = path("full");
  std::filesystem::create_directory(mount_point);
  if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=16k") != 0)
    GTEST_SKIP() << "SKIP privilege: mount(2)";
  {
    AppendFile file({.path = mount_point / "log"});
    ASSERT_TRUE(file.append("first\n"));
    const auto full = file.append(std::string(std::size_t{20} << 10U, 'x') + "\n");
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().number, ENOSPC);
    EXPECT_EQ(content(mount_point / "log"), "first\n");
    ASSERT_TRUE(file.append("next\n")) << "there is room again";
    EXPECT_EQ(content(mount_point / "log"), "first\nnext\n");
  }
  EXPECT_EQ(::umount2(mount_point.c_str(), MNT_DETACH), 0);
}

TEST_F(AppendFileTest, RefusesWhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_THROW(AppendFile({.path = path("fifo")}), SystemError);
  std::filesystem::create_symlink("/dev/null", path("link"));
  EXPECT_THROW(AppendFile({.path = path("link")}), SystemError);
  EXPECT_THROW(AppendFile({.path = path("missing/log")}), SystemError);
}

}  // namespace
}  // namespace dropwarden::sys
