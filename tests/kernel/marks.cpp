// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/marks.hpp"

#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/watch/features.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/file.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// The mark of a file system: set once through the host's path, it sees whoever writes, from wherever.
class FileSystemMark : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
    group_ = std::make_unique<TestGroup>(*privilege_, features_);
    marked_ = group_->mark(overlay_->merged());
  }

  std::string merged() const { return overlay_->merged(); }

  std::unique_ptr<TestOverlay> overlay_;
  std::unique_ptr<TestGroup> group_;
  privilege::RootIdentity marked_;
};

// Of all groups of a user together: root of a container may be the same one, and take all.
class MarkLimit {
 public:
  MarkLimit() : before_(read_file(file)) { write_file(file, "0"); }
  ~MarkLimit() { write_file(file, before_); }
  MarkLimit(const MarkLimit&) = delete;
  MarkLimit& operator=(const MarkLimit&) = delete;

  static constexpr const char* file = "/proc/sys/fs/fanotify/max_user_marks";

 private:
  const std::string before_;
};

TEST_F(FileSystemMark, IsSetThoughTheUserHasAsManyAsItMay) {
  if (::access(MarkLimit::file, W_OK) != 0) GTEST_SKIP() << "SKIP kernel: no such limit, or it cannot be set";
  const TestOverlay another(make_scratch_directory());
  TestGroup limited(*privilege_, watch::group_flags(features_) & ~unsigned{FAN_UNLIMITED_MARKS},
                    watch::group_event_flags());
  const MarkLimit limit;
  EXPECT_THROW(limited.mark(another.merged()), sys::SystemError);
  EXPECT_NO_THROW(group_->mark(another.merged()));
}

TEST_F(FileSystemMark, SeesAWriteMadeInTheMountNamespaceOfAContainer) {
  Child container([&](Line&) {
    enter_container_root(merged());
    write_file("/tmp/dropped", make_elf());
  });
  const int pid = container.pid();
  ASSERT_TRUE(container.wait());
  const auto events = group_->read_queued();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].record.pid.value, pid);
  EXPECT_EQ(read_header(events[0].file), elf_magic);
}

TEST_F(FileSystemMark, SeesAWriteMadeInAChrootInsideTheContainer) {
  ASSERT_TRUE(run_in_child([&] {
    enter_container_root(merged());
    require(::mkdir("/tmp/root", 0755) == 0 && ::chroot("/tmp/root") == 0, "chroot");
    write_file("/dropped", make_elf());
  }));
  EXPECT_THAT(group_->read_queued(), SizeIs(1));
}

TEST_F(FileSystemMark, SeesAWriteMadeInAMountNamespaceThatTheContainerMade) {
  ASSERT_TRUE(run_in_child([&] {
    enter_container_root(merged());
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    write_file("/tmp/dropped", make_elf());
  }));
  EXPECT_THAT(group_->read_queued(), SizeIs(1));
}

TEST_F(FileSystemMark, SeesAWriteMadeThroughABindMountThatTheContainerMade) {
  ASSERT_TRUE(run_in_child([&] {
    enter_container_root(merged());
    require(::mount("/tmp", "/etc", "", MS_BIND, nullptr) == 0, "mount");
    write_file("/etc/dropped", make_elf());
  }));
  EXPECT_THAT(group_->read_queued(), SizeIs(1));
}

TEST_F(FileSystemMark, SeesAFileThatWasOpenedBeforeIt) {
  TestOverlay unmarked(make_scratch_directory());
  const int file = ::open((unmarked.merged() + "/tmp/early").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  ASSERT_GE(file, 0);
  group_->mark(unmarked.merged());
  ::close(file);
  EXPECT_THAT(group_->read_queued(), SizeIs(1));
}

TEST_F(FileSystemMark, DoesNotSeeOtherFileSystemsMountedInTheContainer) {
  ASSERT_TRUE(run_in_child([&] {
    enter_container_root(merged());
    require(::mount("shm", "/tmp", "tmpfs", 0, nullptr) == 0, "mount");
    write_file("/tmp/dropped", make_elf());
  }));
  EXPECT_THAT(group_->read_queued(), IsEmpty());
}

TEST_F(FileSystemMark, DoesNotSeeAWriteMadeDirectlyInTheUpperdir) {
  write_file(overlay_->upper() + "/dropped", make_elf());
  EXPECT_THAT(group_->read_queued(), IsEmpty());
}

TEST_F(FileSystemMark, IsSilentAboutFifosWhichNobodyCanThenHoldTheReaderWith) {
  ASSERT_TRUE(run_in_child([&] {
    enter_container_root(merged());
    require(::mkfifo("/tmp/fifo", 0666) == 0, "mkfifo");
    const int fifo = ::open("/tmp/fifo", O_RDWR | O_CLOEXEC);
    require(fifo >= 0 && ::write(fifo, "x", 1) == 1 && ::close(fifo) == 0, "write");
    write_file("/tmp/after", "");
  }));
  const auto events = group_->read_queued();
  ASSERT_THAT(events, SizeIs(1));
  struct stat status{};
  ASSERT_EQ(::fstat(events[0].file.number(), &status), 0);
  EXPECT_TRUE(S_ISREG(status.st_mode));
}

TEST_F(FileSystemMark, CanBeSetThroughTheRootOfAProcess) {
  Child container([&](Line& line) {
    stay_in_container_root(merged(), line);
    write_file("/tmp/dropped", make_elf());
  });
  container.line().hear();
  TestGroup late(*privilege_, features_);
  const auto marked = privilege_->mark_file_system(late.descriptor(), privilege::ProcessRoot{container.pid()},
                                                   watch::close_write_mask(), OVERLAYFS_SUPER_MAGIC);
  ASSERT_TRUE(marked) << marked.error().text();
  EXPECT_EQ(marked->device_minor, marked_.device_minor);
  EXPECT_EQ(marked->file_system_id, marked_.file_system_id);
  EXPECT_NE(marked->mount_id, marked_.mount_id) << "the container's root is a mount of its own";
  container.line().tell();
  ASSERT_TRUE(container.wait());
  EXPECT_THAT(late.read_queued(), SizeIs(1));
}

TEST_F(FileSystemMark, IsListedByTheGroupWithItsDevice) {
  const auto marks = watch::read_marks(group_->descriptor());
  ASSERT_TRUE(marks) << marks.error().text();
  EXPECT_THAT(marks->file_systems, ElementsAre(model::Device{marked_.device_major, marked_.device_minor}));
}

TEST_F(FileSystemMark, IsSetTwiceAsOnce) {
  group_->mark(merged());
  EXPECT_THAT(watch::read_marks(group_->descriptor()).value().file_systems, SizeIs(1));
  write_file(merged() + "/tmp/dropped", "");
  EXPECT_THAT(group_->read_queued(), SizeIs(1));
}

TEST_F(FileSystemMark, DoesNotPinTheMount) {
  const auto unmounted = overlay_->unmount();
  EXPECT_TRUE(unmounted) << unmounted.error().text();
}

// The next superblock may have the same device number and the same mount ID: here it mostly has.
TEST_F(FileSystemMark, VanishesWithItsSuperblockAndIsNotThereAfterTheNextMount) {
  ASSERT_TRUE(overlay_->unmount());
  EXPECT_THAT(watch::read_marks(group_->descriptor()).value().file_systems, IsEmpty());
  overlay_->mount();
  EXPECT_THAT(watch::read_marks(group_->descriptor()).value().file_systems, IsEmpty());
  write_file(merged() + "/tmp/unseen", make_elf());
  EXPECT_THAT(group_->read_queued(), IsEmpty());
  const auto again = group_->mark(merged());
  RecordProperty("device_number_reused", again.device_minor == marked_.device_minor ? 1 : 0);
  RecordProperty("mount_id_reused", again.mount_id == marked_.mount_id ? 1 : 0);
  write_file(merged() + "/tmp/seen", make_elf());
  EXPECT_THAT(group_->read_queued(), SizeIs(1));
}

TEST_F(FileSystemMark, LivesAsLongAsAnyMountOfTheSuperblock) {
  const std::string second = make_scratch_directory();
  ASSERT_EQ(::mount(merged().c_str(), second.c_str(), "", MS_BIND, nullptr), 0);
  ASSERT_TRUE(overlay_->unmount());
  write_file(second + "/tmp/dropped", make_elf());
  EXPECT_THAT(group_->read_queued(), SizeIs(1));
  EXPECT_EQ(::umount2(second.c_str(), 0), 0);
}

}  // namespace
}  // namespace dropwarden::test
