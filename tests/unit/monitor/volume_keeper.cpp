// SPDX-License-Identifier: Apache-2.0
#include "monitor/volume_keeper.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "showing_privilege.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

constexpr VolumeKeeper::Clock::time_point start{1h};

std::chrono::nanoseconds thread_time() {
  struct timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// Takes its time to show a table, and marks each mount.
class SlowPrivilege final : public ShowingPrivilege {
 public:
  sys::Result<std::string> read_process_mounts(std::int32_t pid) override {
    ++asked;
    std::this_thread::sleep_for(slowness);
    for (const auto begin = thread_time(); thread_time() - begin < work;) continue;
    return ShowingPrivilege::read_process_mounts(pid);
  }

  std::vector<sys::Result<privilege::RootIdentity>> mark_mounts(
      int, std::int32_t, const std::vector<privilege::ContainerMount>& mounts, std::uint64_t) override {
    std::vector<sys::Result<privilege::RootIdentity>> answers;
    for (const auto& mount : mounts) {
      if (!mount.is_whole_file_system) marks.mounts.push_back({mount.mount_id});
      answers.emplace_back(privilege::RootIdentity{.belongs_to_others = mount.path == of_others});
    }
    return answers;
  }

  watch::Marks marks;
  std::string of_others;  // the path of a mount
  std::chrono::milliseconds slowness{};
  std::chrono::milliseconds work{};
  int asked = 0;
};

constexpr std::size_t most_of_all = 600;

class VolumeKeeperTest : public testing::Test {
 protected:
  void add_container(const std::string& id, model::Pid init) {
    auto container = std::make_shared<model::Container>();
    container->id = {id};
    container->init = init;
    snapshot_.containers.insert_or_assign(id, std::move(container));
    keeper_.on_containers(std::make_shared<const container::Snapshot>(snapshot_));
  }
  static std::string root(int device) {
    return "100 99 0:" + std::to_string(device) + " / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n";
  }
  // So many directories of the host, the first with this mount ID.
  static std::string volumes(int first, int count) {
    std::string text;
    for (int id = first; id < first + count; ++id) {
      const auto name = std::to_string(id);
      text += name + " 100 8:1 /" + name + " /" + name + " rw - ext4 /dev/sda1 rw\n";
    }
    return text;
  }
  // All that is due, and later; a minute and more.
  void go_on() {
    for (int i = 0; i < 100; ++i) {
      now_ += 1s;
      keeper_.apply(now_);
    }
  }
  std::size_t count_problems(const std::string& text) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        mounts_.current(), [&](const WatchedMount& mount) { return mount.problem.contains(text); }));
  }

  SlowPrivilege privilege_;
  WatchedMounts mounts_;
  Ledger ledger_;
  container::Snapshot snapshot_;
  VolumeKeeper keeper_{
      privilege_, -1, 0, mounts_, ledger_, MarkBudget::Limits{.of_all = most_of_all}, [this] {
        return privilege_.marks;
      }};
  VolumeKeeper::Clock::time_point now_ = start;
};

// A container that mounts as fast as it is read would have all of the loop else.
TEST_F(VolumeKeeperTest, RestsForAsLongAsATurnTook) {
  privilege_.tables[7] = root(50);
  privilege_.slowness = 20ms;
  add_container("c", {7});
  keeper_.apply(start);
  ASSERT_EQ(privilege_.asked, 1);
  keeper_.seen().touch("c", start);
  ASSERT_TRUE(keeper_.next());
  EXPECT_GE(*keeper_.next(), start + 40ms);
  EXPECT_LE(*keeper_.next(), start + 2s);
  keeper_.apply(start + 39ms);
  EXPECT_EQ(privilege_.asked, 1);
  keeper_.apply(*keeper_.next());
  EXPECT_EQ(privilege_.asked, 2);
}

TEST_F(VolumeKeeperTest, CountsWhatItLookedAtInVain) {
  privilege_.work = 5ms;
  add_container("c", {7});
  keeper_.apply(start);
  EXPECT_GE(keeper_.take_spent(), 5ms);
  EXPECT_EQ(keeper_.take_spent(), 0ms);
}

TEST_F(VolumeKeeperTest, SaysOfWhichMountNothingIsWatchedButWhatIsWrittenThroughIt) {
  privilege_.tables[7] = root(50) + volumes(1000, 2);
  privilege_.of_others = "/1001";
  add_container("c", {7});
  go_on();
  ASSERT_EQ(mounts_.current().size(), 2U);
  for (const WatchedMount& mount : mounts_.current()) {
    EXPECT_TRUE(mount.is_marked()) << mount.path;
    EXPECT_EQ(mount.belongs_to_others, mount.path == "/1001") << mount.path;
  }
  EXPECT_EQ(count_problems("only what is written through it is watched"), 1U);
}

// It is marked by way of one of its mounts, and which that is says nothing about the others.
TEST_F(VolumeKeeperTest, BelievesNoMountOfASuperblockOfWhichOneBelongsToOthers) {
  privilege_.tables[7] = root(50) +
                         "1000 100 0:60 / /own rw - tmpfs own rw\n"
                         "1001 100 0:60 /a /others rw - tmpfs own rw\n";
  privilege_.of_others = "/others";
  add_container("c", {7});
  go_on();
  ASSERT_EQ(mounts_.current().size(), 2U);
  for (const WatchedMount& mount : mounts_.current()) EXPECT_TRUE(mount.belongs_to_others) << mount.path;
}

// As one container after the other has it, whose number is free in between.
TEST_F(VolumeKeeperTest, TakesNoMountForItsOwnThatAnotherHasRetired) {
  privilege_.tables[7] = root(50) + volumes(1000, 1);
  add_container("c", {7});
  go_on();
  privilege_.tables[8] = root(51) + volumes(1000, 1);
  add_container("d", {8});
  go_on();
  snapshot_.containers.erase("d");
  keeper_.on_containers(std::make_shared<const container::Snapshot>(snapshot_));
  keeper_.seen().touch("c", now_);
  go_on();
  ASSERT_EQ(mounts_.current().size(), 1U);
  EXPECT_EQ(mounts_.current().front().container, model::ContainerId{"c"});
  EXPECT_TRUE(mounts_.current().front().is_marked());
}

// As with its first process alone.
TEST_F(VolumeKeeperTest, MarksOnlySoManyMountsOfAContainerHoweverManyNamespacesItHas) {
  privilege_.tables[7] = root(50) + volumes(1000, 100);
  add_container("c", {7});
  go_on();
  for (int pid = 10; pid < 20; ++pid) {
    privilege_.tables[pid] = root(50) + volumes(1000 * pid, 40);
    const auto name_space = "mnt:[" + std::to_string(pid) + "]";
    keeper_.seen().add_nested({.container = {"c"}, .name_space = name_space, .process = {pid}}, now_);
  }
  go_on();
  EXPECT_EQ(privilege_.marks.mounts.size(), 100U + 128U);
  EXPECT_EQ(count_problems("more mounts than are marked for one container"), 10U * 40 - 128);
  // The rest is for its first process.
  privilege_.tables[7] = root(50) + volumes(1000, 200);
  keeper_.seen().touch("c", now_);
  go_on();
  EXPECT_EQ(privilege_.marks.mounts.size(), 256U);
  // What it has unmounted makes room, also where nobody tells of that.
  privilege_.tables[7] = root(50) + volumes(3000, 50);
  std::erase_if(privilege_.marks.mounts, [](model::MountId id) { return id.value < 3000; });
  go_on();
  EXPECT_EQ(privilege_.marks.mounts.size(), 128U + 50U);
}

// A mark stays where a mount is moved to the end of the table, behind those that are looked at.
TEST_F(VolumeKeeperTest, CountsMarksThatTheTableDoesNotShowAnyMore) {
  privilege_.tables[7] = root(50) + volumes(1000, 256);
  add_container("c", {7});
  go_on();
  ASSERT_EQ(privilege_.marks.mounts.size(), 256U);
  privilege_.tables[7] = root(50) + volumes(20'000, 1500) + volumes(1000, 256);
  keeper_.seen().touch("c", now_);
  go_on();
  EXPECT_EQ(privilege_.marks.mounts.size(), 256U);
}

TEST_F(VolumeKeeperTest, LeavesRoomForOverlaysAmongAllMarks) {
  for (int pid = 1; pid <= 4; ++pid) {
    privilege_.tables[pid] = root(50 + pid) + volumes(1000 * pid, 200);
    add_container("c" + std::to_string(pid), {pid});
  }
  go_on();
  EXPECT_EQ(privilege_.marks.mounts.size(), most_of_all);
  EXPECT_EQ(count_problems("raise fs.fanotify.max_user_marks"), 800 - most_of_all);
  EXPECT_TRUE(std::ranges::all_of(mounts_.current(), [](const WatchedMount& mount) {
    return mount.is_marked() || mount.is_failed;
  })) << "what is not watched is scanned";
  EXPECT_EQ(ledger_.lost(model::Loss::mark_failed), 1U);
  // One container is gone, and its marks with its mounts.
  const auto gone = std::ranges::find_if(mounts_.current(), &WatchedMount::is_marked)->container.value;
  std::erase_if(privilege_.marks.mounts,
                [&](model::MountId id) { return id.value / 1000 == std::stoul(gone.substr(1)); });
  snapshot_.containers.erase(gone);
  keeper_.on_containers(std::make_shared<const container::Snapshot>(snapshot_));
  go_on();
  EXPECT_EQ(privilege_.marks.mounts.size(), most_of_all);
  EXPECT_EQ(count_problems("raise"), 0U);
}

}  // namespace
}  // namespace dropwarden::monitor
