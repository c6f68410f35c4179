// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/store/capture_directory.hpp"

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/stat.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_directory.hpp"

namespace dropwarden::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string digest(64, 'a');
const std::string other_digest(64, 'b');

class CaptureDirectoryTest : public testing::Test {
 protected:
  std::filesystem::path directory() const { return directory_.path() / "captures"; }
  CaptureDirectory open(std::uint64_t max_bytes = 1U << 20U) const {
    return {{.directory = directory(), .max_bytes = max_bytes, .spare_bytes = 0}, now};
  }
  // `done`, `quota`, or the error.
  std::string copy(CaptureDirectory& captures, const std::string& bytes, const std::string& name) const {
    auto begun = captures.begin(bytes.size(), now);
    if (!begun) return begun.error().text();
    if (!*begun) return "quota";
    const auto written = (*begun)->write(0, std::as_bytes(std::span(bytes)));
    if (!written) return written.error().text();
    const auto kept = captures.keep(std::move(**begun), bytes.size(), name);
    return kept ? "done" : kept.error().text();
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory()))
      names.push_back(entry.path().filename());
    return names;
  }
  CaptureDirectory::Clock::time_point now{1h};

 private:
  test::TemporaryDirectory directory_;
};

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(CaptureDirectoryTest, NamesACopyByItsHashForItsOwnerToRead) {
  auto captures = open();
  EXPECT_EQ(copy(captures, "bytes", digest), "done");
  EXPECT_THAT(names(), ElementsAre(digest));
  EXPECT_EQ(read_all(captures.path_of(digest)), "bytes");
  EXPECT_EQ(mode_of(directory() / digest), 0400U);
  EXPECT_EQ(mode_of(directory()), 0700U);
  EXPECT_TRUE(captures.has(digest, 5));
  EXPECT_FALSE(captures.has(digest, 6));
  EXPECT_FALSE(captures.has(other_digest, 5));
  EXPECT_FALSE(captures.has("../../etc/passwd", 5));
}

TEST_F(CaptureDirectoryTest, KeepsTheSameBytesOnceAndCountsThemOnce) {
  auto captures = open();
  EXPECT_EQ(copy(captures, std::string(5000, 'x'), digest), "done");
  EXPECT_EQ(copy(captures, std::string(5000, 'x'), digest), "done");
  EXPECT_THAT(names(), ElementsAre(digest));
  EXPECT_EQ(captures.used_bytes(), 5000U);
  EXPECT_EQ(open().used_bytes(), 5000U) << "after a restart";
}

TEST_F(CaptureDirectoryTest, RefusesWhatIsBeyondItsQuotaUntilCopiesWereMovedAway) {
  auto captures = open(10'000);
  EXPECT_EQ(copy(captures, "1", digest), "done");
  EXPECT_EQ(copy(captures, "2", other_digest), "done");
  EXPECT_EQ(captures.used_bytes(), 8192U) << "a file takes a block, however small";
  EXPECT_EQ(copy(captures, "3", std::string(64, 'c')), "quota");
  EXPECT_THAT(names(), SizeIs(2)) << "what came first stays";
  std::filesystem::remove(directory() / digest);
  EXPECT_EQ(copy(captures, "3", std::string(64, 'c')), "quota") << "not looked at each time";
  now += 10s;
  EXPECT_EQ(copy(captures, "3", std::string(64, 'c')), "done");
}

TEST_F(CaptureDirectoryTest, LeavesNothingOfACopyThatIsNotKept) {
  auto captures = open();
  {
    auto begun = captures.begin(10, now);
    ASSERT_TRUE(begun && *begun);
    ASSERT_TRUE((*begun)->write(0, std::as_bytes(std::span(digest)).first(10)));
    EXPECT_THAT(names(), IsEmpty()) << "nor while it is written, should we be killed";
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(CaptureDirectoryTest, KeepsHolesAndTheSizeOfASparseFile) {
  constexpr std::uint64_t size = std::uint64_t{8} << 20U;
  auto captures = open(2 * size);
  auto begun = captures.begin(size, now);
  ASSERT_TRUE(begun && *begun);
  const std::vector<std::byte> zeros(1U << 20U);
  const std::string head = "head";
  ASSERT_TRUE((*begun)->write(0, std::as_bytes(std::span(head))));
  for (std::uint64_t offset = zeros.size(); offset < size; offset += zeros.size())
    ASSERT_TRUE((*begun)->write(offset, zeros));
  ASSERT_TRUE(captures.keep(std::move(**begun), size, digest));
  struct stat status{};
  ASSERT_EQ(::stat((directory() / digest).c_str(), &status), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), size);
  EXPECT_LT(status.st_blocks * 512, 1 << 20U);
  EXPECT_EQ(captures.used_bytes(), size) << "by its size, however it lies on the disk";
}

TEST_F(CaptureDirectoryTest, FollowsNoLinkThatLiesInTheWay) {
  auto captures = open();
  const auto victim = directory().parent_path() / "victim";
  std::ofstream(victim) << "theirs";
  std::filesystem::create_symlink("../victim", directory() / digest);
  EXPECT_EQ(copy(captures, "bytes", digest), "linkat(\"" + digest + "\"): File exists");
  EXPECT_EQ(copy(captures, "theirs", digest), "linkat(\"" + digest + "\"): File exists")
      << "of its size, too";
  EXPECT_EQ(read_all(victim), "theirs");
}

TEST_F(CaptureDirectoryTest, LeavesNothingOnAFullDiskAndGoesOnWhenThereIsRoom) {
  std::filesystem::create_directory(directory());
  if (::mount("tmpfs", directory().c_str(), "tmpfs", 0, "size=64k,mode=0700") != 0)
    GTEST_SKIP() << "SKIP privilege: mounting needs root";
  auto captures = open();
  EXPECT_EQ(copy(captures, std::string(200'000, 'x'), digest),
            "open(\"" + directory().string() + "\"): No space left on device");
  {
    auto begun = captures.begin(1, now);  // of a file that has grown since
    ASSERT_TRUE(begun && *begun);
    const std::string large(200'000, 'x');
    const auto written = (*begun)->write(0, std::as_bytes(std::span(large)));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().number, ENOSPC);
  }
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(copy(captures, "small", digest), "done");
}

TEST_F(CaptureDirectoryTest, LeavesRoomOnTheDiskForFindings) {
  CaptureDirectory captures({.directory = directory(), .spare_bytes = std::uint64_t{1} << 62U}, now);
  EXPECT_EQ(copy(captures, "x", digest), "open(\"" + directory().string() + "\"): No space left on device");
}

TEST_F(CaptureDirectoryTest, RefusesADirectoryThatOthersMayChange) {
  std::filesystem::create_directory(directory());
  ASSERT_EQ(::chmod(directory().c_str(), 0777), 0);
  EXPECT_THROW(open(), std::runtime_error);
}

}  // namespace
}  // namespace dropwarden::store
