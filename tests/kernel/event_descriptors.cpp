// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

using testing::SizeIs;

class EventDescriptor : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
    group_ = std::make_unique<TestGroup>(*privilege_, features_);
    group_->mark(overlay_->merged());
  }

  std::string merged() const { return overlay_->merged(); }

  // The one event that is queued.
  Event read_event() {
    auto events = group_->read_queued();
    EXPECT_THAT(events, SizeIs(1));
    return events.empty() ? Event{} : std::move(events[0]);
  }

  std::unique_ptr<TestOverlay> overlay_;
  std::unique_ptr<TestGroup> group_;
};

TEST_F(EventDescriptor, CanBeReadAfterTheFileWasUnlinked) {
  write_file(merged() + "/tmp/dropped", make_elf());
  ASSERT_EQ(::unlink((merged() + "/tmp/dropped").c_str()), 0);
  const auto event = read_event();
  EXPECT_EQ(read_header(event.file), elf_magic);
  EXPECT_EQ(sys::read_status(event.file.number())->links, 0U);
}

TEST_F(EventDescriptor, CanBeReadWhateverTheModeOfTheFile) {
  write_file(merged() + "/tmp/dropped", make_elf());
  ASSERT_EQ(::chmod((merged() + "/tmp/dropped").c_str(), 0), 0);
  EXPECT_EQ(read_header(read_event().file), elf_magic);
}

// So it is closed at once: containerd, for one, unmounts without MNT_DETACH and fails (umount(2), EBUSY).
TEST_F(EventDescriptor, PinsTheMountUntilItIsClosed) {
  write_file(merged() + "/tmp/dropped", make_elf());
  {
    const auto queued = overlay_->unmount();
    ASSERT_FALSE(queued) << "an unread event does not pin";
    EXPECT_EQ(queued.error().number, EBUSY);
  }
  auto event = read_event();
  const auto open = overlay_->unmount();
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().number, EBUSY);
  event.file.reset();
  const auto closed = overlay_->unmount();
  EXPECT_TRUE(closed) << closed.error().text();
}

// A mount ID is what attribution rests on: not on a process that may be gone.
TEST_F(EventDescriptor, NamesTheMountOfAContainerThatIsGone) {
  Child container([&](Line& line) {
    enter_container_root(merged());
    line.tell(std::to_string(
        sys::value_or_throw(sys::read_status(sys::value_or_throw(sys::open_path("/", O_PATH)).number()))
            .mount_id));
    write_file("/tmp/dropped", make_elf());
    require(::unlink("/tmp/dropped") == 0, "unlink");
  });
  const std::string mount_id = container.line().hear();
  ASSERT_TRUE(container.wait());
  const auto unmounted = overlay_->unmount();
  EXPECT_TRUE(unmounted) << "the host's own mount is not the one that is pinned: "
                         << unmounted.error().text();
  const auto event = read_event();
  EXPECT_EQ(std::to_string(sys::read_status(event.file.number())->mount_id), mount_id);
  EXPECT_EQ(sys::read_file_system_status(event.file.number())->type, std::uint64_t{OVERLAYFS_SUPER_MAGIC});
  EXPECT_EQ(read_header(event.file), elf_magic);
}

TEST_F(EventDescriptor, CarriesThePathAsTheContainerSeesIt) {
  ASSERT_TRUE(run_in_child([&] {
    enter_container_root(merged());
    write_file("/tmp/new\nline", "");
  }));
  EXPECT_EQ(sys::read_descriptor_path(read_event().file.number()), "/tmp/new\nline");
}

TEST_F(EventDescriptor, CarriesAFileSystemIdThatDiffersFromOverlayToOverlay) {
  const auto table =
      mount::parse_mountinfo(sys::value_or_throw(sys::read_file("/proc/self/mountinfo", 1U << 24U)));
  const auto own = std::ranges::find(table, merged(), &model::Mount::mount_point);
  ASSERT_NE(own, table.end());
  if (own->super_options.view().find("uuid=on") == std::string::npos)
    GTEST_SKIP() << "SKIP kernel: needs Linux 6.6: no uuid=on";
  TestOverlay other(make_scratch_directory());
  group_->mark(other.merged());
  write_file(merged() + "/tmp/a", "");
  write_file(merged() + "/etc/b", "");
  write_file(other.merged() + "/tmp/c", "");
  const auto events = group_->read_queued();
  ASSERT_THAT(events, SizeIs(3));
  std::array<std::uint64_t, 3> ids{};
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] = sys::read_file_system_status(events[i].file.number())->id;
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[0], ids[2]);
}

// Without O_NOATIME the first read after a write would set the access time (relatime, mount(8)): evidence
// changed, and an inode to be written for every event.
TEST_F(EventDescriptor, LeavesTheAccessTimeOfTheFileAlone) {
  const auto read_and_tell_access_time = [&](TestGroup& group) {
    const std::string path = merged() + "/tmp/dropped";
    write_file(path, make_elf());
    constexpr struct timespec old_access[] = {{.tv_sec = 1000, .tv_nsec = 0},
                                              {.tv_sec = 0, .tv_nsec = UTIME_OMIT}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), old_access, 0), 0);
    for (const auto& event : group.read_queued()) EXPECT_EQ(read_header(event.file), elf_magic);
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_atim.tv_sec;
  };
  EXPECT_EQ(read_and_tell_access_time(*group_), 1000);
  group_.reset();
  TestGroup careless(*privilege_, watch::group_flags(features_),
                     watch::group_event_flags() & ~unsigned{O_NOATIME});
  careless.mark(merged());
  EXPECT_NE(read_and_tell_access_time(careless), 1000) << "O_NOATIME makes no difference";
}

TEST_F(EventDescriptor, IsNotTellingOfItself) {
  write_file(merged() + "/tmp/dropped", make_elf());
  EXPECT_EQ(read_header(read_event().file), elf_magic);
  EXPECT_THAT(group_->read_queued(), SizeIs(0));
}

}  // namespace
}  // namespace dropwarden::test
