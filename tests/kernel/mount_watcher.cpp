// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <sys/mount.h>

#include <gmock/gmock.h>

#include "dropwarden/mount/watcher.hpp"
#include "dropwarden/sys/fanotify_abi.hpp"
#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

using Table = std::vector<model::Mount>;

bool holds(const Table& table, const std::string& mount_point) {
  return std::ranges::find(table, mount_point, &model::Mount::mount_point) != table.end();
}

void mount_at(const std::string& point) {
  require(::mount("test", point.c_str(), "tmpfs", 0, nullptr) == 0, "mount");
}
void unmount(const std::string& point) {
  require(::umount2(point.c_str(), 0) == 0, "umount");
}

// Both ways to be woken, and one alone.
class MountWatcher : public KernelTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (GetParam() && !features_.has_mount_events)
      GTEST_SKIP() << "SKIP kernel: needs FAN_REPORT_MNT, Linux 6.15";
    point_ = make_scratch_directory();
    std::optional<sys::Fd> mount_events;
    if (GetParam()) mount_events = open_mount_events();
    watcher_ = std::make_unique<mount::Watcher>(
        loop_, sys::value_or_throw(sys::open_path("/proc/self/mountinfo", O_RDONLY)), std::move(mount_events),
        [this](sys::Result<Table> table) {
          ++readings_;
          table_ = sys::value_or_throw(std::move(table));
          if (then_) then_();
        });
    watcher_->start();
  }

  // Not through Privilege::mark_mount_namespace: that takes the namespace of the host, which is not this one.
  sys::Fd open_mount_events() {
    auto group = sys::value_or_throw(privilege_->open_group(watch::mount_group_flags(), O_RDONLY));
    const auto name_space = sys::value_or_throw(sys::open_path("/proc/self/ns/mnt", O_RDONLY));
    require(::fanotify_mark(group.number(), FAN_MARK_ADD | sys::fanotify_abi::mark_mount_namespace,
                            watch::mount_mask(), name_space.number(), nullptr) == 0,
            "fanotify_mark");
    return group;
  }

  template <class Condition>
  bool run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      loop_.run_one_for(std::chrono::milliseconds(100));
    }
    return condition();
  }

  boost::asio::io_context loop_{1};
  std::string point_;
  std::unique_ptr<mount::Watcher> watcher_;
  int readings_ = 0;
  Table table_;
  std::function<void()> then_;
};

TEST_P(MountWatcher, WakesForEachMountAndUnmountAndReadsOnce) {
  constexpr int rounds = 30;
  const int before = readings_;
  for (int i = 0; i < rounds; ++i) {
    mount_at(point_);
    ASSERT_TRUE(run_until([&] { return holds(table_, point_); })) << i;
    loop_.poll();  // mount(2) has returned: whatever else wakes us for it is there
    EXPECT_EQ(readings_ - before, 2 * i + 1);
    unmount(point_);
    ASSERT_TRUE(run_until([&] { return !holds(table_, point_); })) << i;
    loop_.poll();
    EXPECT_EQ(readings_ - before, 2 * i + 2);
  }
}

// The change comes after the table has been read and before the loop waits again: the moment when a re-arm of
// epoll(7) takes the wake-up away.
TEST_P(MountWatcher, MissesNoChangeThatComesBetweenReadingAndWaiting) {
  constexpr int rounds = 60;
  int round = 0;
  then_ = [&] {
    const bool is_mounted = holds(table_, point_);
    if (is_mounted != (round % 2 != 0)) return;  // an older change
    if (round == rounds) return;
    ++round;
    is_mounted ? unmount(point_) : mount_at(point_);
  };
  ++round;
  mount_at(point_);
  EXPECT_TRUE(run_until([&] { return round == rounds; })) << "lost the wake-up of change " << round;
  EXPECT_TRUE(run_until([&] { return !holds(table_, point_); }));
}

TEST_P(MountWatcher, KnowsTheTruthAfterAStormOfChanges) {
  const std::string second = make_scratch_directory();
  for (int storm = 0; storm < 5; ++storm) {
    Child mounter([&](Line&) {
      for (int i = 0; i < 100; ++i) {
        mount_at(point_);
        mount_at(second);
        unmount(point_);
        unmount(second);
      }
      if (storm % 2 == 0) mount_at(point_);
    });
    loop_.run_for(std::chrono::milliseconds(storm));
    ASSERT_TRUE(mounter.wait());
    EXPECT_TRUE(
        run_until([&] { return holds(table_, point_) == (storm % 2 == 0) && !holds(table_, second); }));
    if (storm % 2 == 0) unmount(point_);
  }
}

TEST_P(MountWatcher, ReadsALargeTableWhole) {
  constexpr int count = 300;
  std::vector<std::string> points;
  for (int i = 0; i < count; ++i) {
    points.push_back(make_scratch_directory());
    mount_at(points.back());
  }
  EXPECT_TRUE(run_until(
      [&] { return std::ranges::all_of(points, [&](const auto& point) { return holds(table_, point); }); }));
  for (const auto& point : points) unmount(point);
}

TEST_P(MountWatcher, IsSilentOnceStopped) {
  watcher_->stop();
  const int before = readings_;
  mount_at(point_);
  unmount(point_);
  loop_.run();  // ends: nothing waits any more
  EXPECT_EQ(readings_, before);
}

INSTANTIATE_TEST_SUITE_P(By, MountWatcher, testing::Bool(),
                         [](const auto& with) { return with.param ? "TableAndMountEvents" : "TableAlone"; });

}  // namespace
}  // namespace dropwarden::test
