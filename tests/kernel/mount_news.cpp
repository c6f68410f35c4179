// SPDX-License-Identifier: Apache-2.0
// What FAN_MARK_MNTNS tells of the mount namespace of a container, asked of this kernel.
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/watch/features.hpp"
#include "dropwarden/watch/marks.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::IsEmpty;
using testing::Not;

class MountNews : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!features_.has_mount_events) GTEST_SKIP() << "SKIP kernel: needs FAN_REPORT_MNT, Linux 6.15";
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
    std::filesystem::create_directories(overlay_->merged() + "/dev");
    group_ = std::make_unique<TestGroup>(*privilege_, watch::mount_group_flags(), O_RDONLY);
  }

  void start(const std::function<void()>& act) {
    container_ = std::make_unique<Child>([this, act](Line& line) {
      stay_in_container_root(overlay_->merged(), line);
      act();
      line.tell("acted");
      line.hear();
    });
    container_->line().hear();
  }
  sys::Result<void> mark(int pid) {
    return privilege_->mark_mount_namespace_of(group_->descriptor(), pid, watch::mount_mask());
  }
  std::vector<Event> act() {
    container_->line().tell();
    container_->line().hear();
    return group_->read_queued();
  }
  void end() {
    container_->line().tell();
    EXPECT_TRUE(container_->wait());
  }

  std::unique_ptr<TestOverlay> overlay_;
  std::unique_ptr<TestGroup> group_;
  std::unique_ptr<Child> container_;
};

void mount_memory_at(const char* point) {
  require(::mount("memory", point, "tmpfs", 0, nullptr) == 0, "mount");
}

TEST_F(MountNews, TellWhoMountedInTheContainer) {
  start([] { mount_memory_at("/dev"); });
  ASSERT_TRUE(mark(container_->pid()));
  const auto events = act();
  ASSERT_THAT(events, Not(IsEmpty()));
  EXPECT_EQ(events[0].record.mask & watch::mount_mask(), events[0].record.mask);
  EXPECT_EQ(events[0].record.pid.value, container_->pid());
  EXPECT_FALSE(events[0].file);
}

// Or it would write to a root that nobody has looked at.
TEST_F(MountNews, TellOfAProcessThatGoesToAnotherRoot) {
  container_ = std::make_unique<Child>([this](Line& line) {
    enter_container_root(overlay_->merged());
    mount_memory_at("/dev");
    std::filesystem::create_directories("/dev/old");
    line.tell("mounted");
    line.hear();
    require(::syscall(SYS_pivot_root, "/dev", "/dev/old") == 0, "pivot_root");
    line.tell("acted");
    line.hear();
  });
  container_->line().hear();
  ASSERT_TRUE(mark(container_->pid()));
  const auto events = act();
  ASSERT_THAT(events, Not(IsEmpty()));
  EXPECT_EQ(events[0].record.pid.value, container_->pid());
}

TEST_F(MountNews, TellNothingOfANamespaceThatTheContainerMakes) {
  start([] {
    // Another process: who stays in the namespace keeps it alive.
    const bool is_done = run_in_child([] {
      require(::unshare(CLONE_NEWNS) == 0, "unshare");
      require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
      mount_memory_at("/dev");
    });
    require(is_done, "unshare in a child");
  });
  ASSERT_TRUE(mark(container_->pid()));
  EXPECT_THAT(act(), IsEmpty());
}

TEST_F(MountNews, AreNotToldToWhoHasNoContainer) {
  Child gone([](Line&) {});
  const int pid = gone.pid();
  ASSERT_TRUE(gone.wait());
  const auto marked = mark(pid);
  ASSERT_FALSE(marked);
  EXPECT_THAT(marked.error().number, testing::AnyOf(ENOENT, ESRCH));
}

// A mark that kept the namespace would keep every mount of the container, and its overlay, after its end.
TEST_F(MountNews, KeepNothingOfTheContainerAfterItsEnd) {
  TestGroup on_overlay(*privilege_, features_);
  on_overlay.mark(overlay_->merged());
  start([] { mount_memory_at("/dev"); });
  ASSERT_TRUE(mark(container_->pid()));
  container_->line().tell();
  container_->line().hear();  // what is told stays unread
  end();
  EXPECT_TRUE(overlay_->unmount());
  // A mark goes with its superblock.
  EXPECT_TRUE(
      wait_for([&] { return watch::read_marks(on_overlay.descriptor()).value() == watch::Marks{}; }, 5s));
  EXPECT_THAT(group_->read_queued(), Not(IsEmpty()));
}

}  // namespace
}  // namespace dropwarden::test
