// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

// The host's mounts as they are seen and reached from a mount namespace of our own, as a pod or a hardened
// unit has it.
namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class HostMounts : public KernelTest {
 protected:
  // A process that stands for the host's first: with an overlay that only its own mount namespace has.
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    directory_ = make_scratch_directory();
    host_ = std::make_unique<Child>([this](Line& line) {
      require(::unshare(CLONE_NEWNS) == 0, "unshare");
      require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
      require(::mount("host", directory_.c_str(), "tmpfs", 0, nullptr) == 0, "mount");
      const TestOverlay overlay(directory_);
      line.tell("mounted");
      line.hear();
      write_file(overlay.merged() + "/tmp/dropped", make_elf());
      line.tell("written");
      line.hear();
    });
    host_->line().hear();
    inside_ = privilege::make_direct({.host_process = host_->pid()});
  }

  std::string merged() const { return directory_ + "/merged"; }

  std::string directory_;
  std::unique_ptr<Child> host_;
  std::unique_ptr<privilege::Privilege> inside_;  // as from a pod
};

std::string read_table(privilege::Privilege& privilege) {
  const auto table = sys::value_or_throw(privilege.open_mount_table());
  return sys::value_or_throw(sys::read_file(table.number(), std::size_t{1} << 24U, "mountinfo"));
}

// Gives up every capability, and with them the right to look into processes that have more (ptrace(2)).
void drop_capabilities() {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  require(::syscall(SYS_capset, &header, none) == 0, "capset");
}

TEST_F(HostMounts, AreSeenInTheTableAndMarkedByTheirMountPoints) {
  EXPECT_FALSE(inside_->host_mounts_problem());
  EXPECT_THAT(read_table(*inside_), HasSubstr(merged()));
  EXPECT_THAT(read_table(*privilege_), Not(HasSubstr(merged())));
  TestGroup group(*inside_, features_);
  group.mark(merged());
  host_->line().tell();
  host_->line().hear();
  const auto events = group.read_queued();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].record.pid.value, host_->pid());
}

TEST_F(HostMounts, LeadToFilesInUpperDirectories) {
  host_->line().tell();
  host_->line().hear();
  const auto file = inside_->open_in_directory(directory_ + "/upper", "tmp/dropped");
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(read_header(*file), elf_magic);
}

TEST_F(HostMounts, OfOurOwnNamespaceAreReachedDirectly) {
  EXPECT_FALSE(privilege_->host_mounts_problem());
  const TestOverlay overlay(make_scratch_directory());
  EXPECT_THAT(read_table(*privilege_), HasSubstr(overlay.merged()));
}

// Of a chroot(2) the table of mounts would only show what is mounted below it.
TEST_F(HostMounts, AreSeenAndMarkedPastARootThatIsOursAlone) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string root = make_scratch_directory();
  require(::mount("/", root.c_str(), "", MS_BIND, nullptr) == 0, "mount");
  require(::mount("proc", (root + "/proc").c_str(), "proc", 0, nullptr) == 0, "mount");
  const pid_t tester = ::getpid();
  EXPECT_TRUE(run_in_child([&] {
    require(::chroot(root.c_str()) == 0 && ::chdir("/") == 0, "chroot");
    const auto inside = privilege::make_direct({.host_process = tester});
    require(!inside->host_mounts_problem(), "host_mounts_problem");
    require(read_table(*inside).find(overlay.merged()) != std::string::npos, "open_mount_table");
    TestGroup group(*inside, features_);
    group.mark(overlay.merged());
  }));
}

TEST_F(HostMounts, SayWhatIsDeniedWhereTheFirstProcessMayNotBeLookedInto) {
  EXPECT_TRUE(run_in_child([&] {
    drop_capabilities();
    const auto denied = privilege::make_direct({.host_process = host_->pid()});
    const auto problem = denied->host_mounts_problem();
    require(problem && problem->call == "readlink", "host_mounts_problem");
    require(problem->number == EACCES || problem->number == EPERM, "host_mounts_problem");
    require(read_table(*denied).find(merged()) == std::string::npos, "open_mount_table");
  }));
}

// Not every host lets its first process be looked into, and most of those share its mounts with us.
TEST_F(HostMounts, AreKnownToBeOurOwnThoughTheFirstProcessMayNotBeLookedInto) {
  Child host([](Line& line) {
    line.tell("there");
    line.hear();
  });
  host.line().hear();
  EXPECT_TRUE(run_in_child([&] {
    drop_capabilities();
    require(!sys::read_link("/proc/" + std::to_string(host.pid()) + "/ns/mnt"), "readlink was allowed");
    const auto here = privilege::make_direct({.host_process = host.pid()});
    require(!here->host_mounts_problem(), "host_mounts_problem");
  }));
}

TEST_F(HostMounts, AreNotToBeExpectedInAPidNamespaceThatIsNotTheFirst) {
  if (!privilege_->sees_all_processes()) GTEST_SKIP() << "SKIP privilege: these tests run in such a one";
  EXPECT_TRUE(run_in_child([] {
    require(::unshare(CLONE_NEWPID | CLONE_NEWNS) == 0, "unshare");
    Child first([](Line&) {
      require(::mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount");
      require(!privilege::make_direct()->sees_all_processes(), "sees_all_processes");
    });
    require(first.wait(), "wait");
  }));
}

}  // namespace
}  // namespace dropwarden::test
