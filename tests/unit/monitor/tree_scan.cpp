// SPDX-License-Identifier: Apache-2.0
#include "monitor/tree_scan.hpp"

#include <fcntl.h>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

#include "support/file.hpp"
#include "support/memory_directory.hpp"

namespace dropwarden::monitor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class WrittenFile : public testing::Test {
 protected:
  void SetUp() override {
    directory_.emplace();
    writer_ = sys::value_or_throw(
        sys::open_path(directory_->path() + "/tool", O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
    write(
        "\x7f"
        "ELF");
  }
  void write(std::string_view text) {
    ASSERT_EQ(::write(writer_.number(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // The files that a scan of the directory hands on.
  std::vector<std::string> scan(const TreeScan::Range& range) {
    WatchedMount mount;
    mount.type = "overlay";
    mount.layers.upperdir = directory_->path();
    const auto table = mount::parse_mountinfo(
        sys::value_or_throw(sys::read_file("/proc/self/mountinfo", std::size_t{1} << 24U)));
    TreeScan scan(
        *privilege_,
        MountTree(*privilege_, std::move(mount), {}, std::make_shared<const layer::ReadableMounts>(table)),
        range, {});
    std::vector<std::string> found;
    const auto on_file = [&](const layer::ScannedFile& file, const Located&) {
      found.push_back(file.path);
      if (const auto then = std::exchange(on_first_, {})) then();
    };
    while (scan.step({}, handed_on_, on_file)) {
    }
    EXPECT_THAT(scan.totals().problems, IsEmpty());
    started_ = scan.totals().started;
    return found;
  }

  std::unique_ptr<privilege::Privilege> privilege_ = privilege::make_direct();
  std::optional<test::MemoryDirectory> directory_;
  sys::Fd writer_;
  HandedOn handed_on_;
  std::function<void()> on_first_;
  util::WallTime started_{};
};

// Else `dropwarden status` calls it desynced since 1970.
TEST(TreeScan, SaysWhenItCouldNotBegin) {
  const auto privilege = privilege::make_direct();
  WatchedMount gone;
  gone.type = "overlay";
  gone.layers.upperdir = "/nonexistent/upper";
  TreeScan scan(*privilege, MountTree(*privilege, gone, {}, std::make_shared<const layer::ReadableMounts>()),
                {}, {});
  HandedOn handed_on;
  EXPECT_FALSE(scan.step({}, handed_on, [](const layer::ScannedFile&, const Located&) {}));
  EXPECT_FALSE(scan.is_complete());
  EXPECT_NE(scan.totals().started, util::WallTime{});
}

// Whoever mounted the overlay may have put another there.
TEST(TreeScan, ReadsNoOtherUpperDirectoryThanTheOneThatWasProven) {
  const test::MemoryDirectory directory;
  const auto privilege = privilege::make_direct();
  const auto table = mount::parse_mountinfo(
      sys::value_or_throw(sys::read_file("/proc/self/mountinfo", std::size_t{1} << 24U)));
  const auto top = sys::value_or_throw(sys::open_path(directory.path(), O_PATH | O_DIRECTORY));
  const auto status = sys::value_or_throw(sys::read_cached_status(top.number()));
  for (const std::uint64_t inode : {status.inode, status.inode + 1}) {
    WatchedMount mount;
    mount.type = "overlay";
    mount.layers.upperdir = directory.path();
    mount.layers.upper = {.device = {status.device_major, status.device_minor}, .inode = inode};
    TreeScan scan(*privilege,
                  MountTree(*privilege, mount, {}, std::make_shared<const layer::ReadableMounts>(table)), {},
                  {});
    HandedOn handed_on;
    while (scan.step({}, handed_on, [](const layer::ScannedFile&, const Located&) {})) {
    }
    const bool is_proven = inode == status.inode;
    EXPECT_EQ(scan.is_complete(), is_proven);
    EXPECT_FALSE(scan.totals().is_gone);
    EXPECT_THAT(scan.totals().problems, is_proven ? testing::SizeIs(0) : testing::SizeIs(1));
  }
}

TEST_F(WrittenFile, IsPutOffWhileItIsWritten) {
  EXPECT_THAT(scan({.may_put_off = true}), IsEmpty());
  // The next one reads what has changed since.
  EXPECT_LE(started_, sys::value_or_throw(sys::read_status(writer_.number())).changed);
  writer_.reset();
  EXPECT_THAT(scan({.may_put_off = true}), ElementsAre("/tool"));
}

TEST_F(WrittenFile, IsPutOffOnce) {
  EXPECT_THAT(scan({.may_put_off = true}), IsEmpty());
  write("more");
  EXPECT_THAT(scan({.may_put_off = true}), ElementsAre("/tool"));
}

TEST_F(WrittenFile, IsHandedOnAgainWhereThatIsWantedAndOnceByAScan) {
  writer_.reset();
  EXPECT_THAT(scan({}), ElementsAre("/tool"));
  EXPECT_THAT(scan({}), IsEmpty());
  // While the tree changes it is walked again.
  on_first_ = [this] { test::write_file(directory_->path() + "/new", "#!/bin/sh\n"); };
  EXPECT_THAT(scan({.tells_again = true}), UnorderedElementsAre("/tool", "/new"));
}

TEST_F(WrittenFile, IsTakenAsItIsWhereNoOtherScanFollows) {
  EXPECT_THAT(scan({}), ElementsAre("/tool"));
}

}  // namespace
}  // namespace dropwarden::monitor
