// SPDX-License-Identifier: Apache-2.0
// What a mark on one mount of a container sees and what it does not, asked of this kernel.
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <linux/magic.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <gmock/gmock.h>

#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/watch/marks.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/disk.hpp"
#include "support/fuse_server.hpp"
#include "support/hide_openat2.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/user_namespace.hpp"

namespace dropwarden::test {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::IsEmpty;
using testing::SizeIs;

// A container with a directory of the host bound at /etc (`volume`), a file at /tmp/file, and a tmpfs of its
// own at /dev. It does what the test asks for and ends.
class MountMark : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
    volume_ = make_scratch_directory();
    write_file(volume_ + "/file", "");
    write_file(overlay_->merged() + "/tmp/file", "");
    std::filesystem::create_directory(overlay_->merged() + "/dev");
    group_ = std::make_unique<TestGroup>(*privilege_, features_);
  }

  void start(const std::function<void()>& act) {
    container_ = std::make_unique<Child>([this, act](Line& line) {
      require(::unshare(CLONE_NEWNS) == 0, "unshare");
      require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
      const std::string root = overlay_->merged();
      require(::mount(volume_.c_str(), (root + "/etc").c_str(), "", MS_BIND, nullptr) == 0, "mount");
      require(::mount((volume_ + "/file").c_str(), (root + "/tmp/file").c_str(), "", MS_BIND, nullptr) == 0,
              "mount");
      require(::mount("shm", (root + "/dev").c_str(), "tmpfs", 0, nullptr) == 0, "mount");
      require(::mount(root.c_str(), root.c_str(), "", MS_BIND | MS_REC, nullptr) == 0, "mount");
      stay_in_container_root(root, line);
      act();
      line.tell("acted");
      line.hear();
    });
    container_->line().hear();
    table_ = mount::parse_mountinfo(privilege_->read_process_mounts(container_->pid()).value());
  }

  const model::Mount& mount_at(const std::string& path) const {
    const auto found = std::ranges::find(table_, path, &model::Mount::mount_point);
    if (found == table_.end()) throw std::runtime_error("nothing is mounted at " + path);
    return *found;
  }

  privilege::ContainerMount request_for(const std::string& path, bool is_whole = false) const {
    const model::Mount& mount = mount_at(path);
    return {.path = path,
            .mount_id = mount.id.value,
            .type = mount.file_system,
            .type_magic = mount::watchable_magic(mount.file_system).value_or(0),
            .is_whole_file_system = is_whole};
  }

  sys::Result<privilege::RootIdentity> try_mark(const privilege::ContainerMount& request) {
    return privilege_
        ->mark_mounts(group_->descriptor(), container_->pid(), {request}, watch::close_write_mask())
        .at(0);
  }
  privilege::RootIdentity mark(const std::string& path, bool is_whole = false) {
    return sys::value_or_throw(try_mark(request_for(path, is_whole)));
  }

  // What the container does, and the events of it.
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
  std::string volume_;
  std::unique_ptr<TestGroup> group_;
  std::unique_ptr<Child> container_;
  std::vector<model::Mount> table_;
};

TEST_F(MountMark, SeesAWriteOfTheContainerIntoItsVolumeByTheNameItHasThere) {
  start([] { write_file("/etc/dropped", make_elf()); });
  mark("/etc");
  const auto events = act();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(sys::read_descriptor_path(events[0].file.number()), "/etc/dropped");
}

TEST_F(MountMark, SeesAWriteFromTheHostThroughTheRootOfTheContainersProcess) {
  start([] {});
  mark("/etc");
  write_file("/proc/" + std::to_string(container_->pid()) + "/root/etc/dropped", make_elf());
  EXPECT_THAT(group_->read_queued(), SizeIs(1));
}

TEST_F(MountMark, DoesNotSeeAWriteOfTheHostIntoTheSameDirectory) {
  start([] {});
  mark("/etc");
  write_file(volume_ + "/dropped", make_elf());
  EXPECT_THAT(group_->read_queued(), IsEmpty());
}

TEST_F(MountMark, SeesAWriteIntoASingleFileThatIsBound) {
  start([] { write_file("/tmp/file", make_elf()); });
  mark("/tmp/file");
  const auto events = act();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(sys::read_descriptor_path(events[0].file.number()), "/tmp/file");
}

// Blind there, which README says: a mark is not inherited by a copy of the mount.
TEST_F(MountMark, DoesNotSeeThroughABindMountThatTheContainerMade) {
  start([] {
    require(::mount("/etc", "/dev", "", MS_BIND, nullptr) == 0, "mount");
    write_file("/dev/dropped", make_elf());
  });
  mark("/etc");
  EXPECT_THAT(act(), IsEmpty());
}

TEST_F(MountMark, DoesNotSeeInAMountNamespaceThatTheContainerMade) {
  start([] {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    write_file("/etc/dropped", make_elf());
  });
  mark("/etc");
  EXPECT_THAT(act(), IsEmpty());
}

TEST_F(MountMark, OnTheWholeFileSystemSeesBothOfThese) {
  start([] {
    require(::mount("/dev", "/tmp", "", MS_BIND, nullptr) == 0, "mount");
    write_file("/tmp/bound", make_elf());
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    write_file("/dev/unshared", make_elf());
  });
  mark("/dev", true);
  EXPECT_THAT(act(), SizeIs(2));
}

// What tells whose an event is, also when all of the container has gone.
TEST_F(MountMark, GivesEventsThatNameTheMountAfterTheContainerHasEnded) {
  start([] { write_file("/etc/dropped", make_elf()); });
  const auto marked = mark("/etc");
  EXPECT_EQ(marked.mount_id, mount_at("/etc").id.value);
  container_->line().tell();
  container_->line().hear();
  end();
  const auto events = group_->read_queued();
  ASSERT_THAT(events, SizeIs(1));
  const auto status = sys::read_status(events[0].file.number());
  ASSERT_TRUE(status);
  EXPECT_EQ(status->mount_id, marked.mount_id);
  EXPECT_EQ(read_header(events[0].file), elf_magic);
}

// The ID of a mount is given away again at once, but not while an event of it is queued or open.
TEST_F(MountMark, KeepsTheMountsIdFromBeingReusedWhileAnEventIsOpen) {
  start([] { write_file("/etc/dropped", make_elf()); });
  const auto marked = mark("/etc");
  const auto events = act();
  end();
  ASSERT_THAT(events, SizeIs(1));
  const std::string point = make_scratch_directory();
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(::mount("next", point.c_str(), "tmpfs", 0, nullptr), 0);
    const sys::Fd next(::open(point.c_str(), O_PATH | O_CLOEXEC));
    EXPECT_NE(sys::read_status(next.number()).value().mount_id, marked.mount_id);
  }
  for (int i = 0; i < 50; ++i) ::umount2(point.c_str(), MNT_DETACH);
}

TEST_F(MountMark, IsListedByTheGroupWithItsIdAndGoesWithTheMount) {
  start([] {});
  const auto marked = mark("/etc");
  const auto listed = [&] { return watch::read_marks(group_->descriptor()).value().mounts; };
  EXPECT_THAT(listed(), Contains(model::MountId{marked.mount_id}));
  act();
  end();
  EXPECT_THAT(listed(), IsEmpty()) << "neither the mount nor its namespace is held";
}

TEST_F(MountMark, IsNotSetOnAMountThatIsNotTheOneAskedFor) {
  start([] {});
  auto request = request_for("/etc");
  request.mount_id += 1000;
  EXPECT_EQ(try_mark(request).error().number, ESTALE);
  request = request_for("/etc");
  request.path = "/tmp";
  EXPECT_EQ(try_mark(request).error().number, ESTALE) << "a directory of the root";
  request = request_for("/etc");
  request.type = "xfs";
  EXPECT_EQ(try_mark(request).error().number, ENOTSUP);
  request = request_for("/etc");
  request.type_magic = XFS_SUPER_MAGIC;
  EXPECT_EQ(try_mark(request).error().number, ENOTSUP);
  EXPECT_EQ(watch::read_marks(group_->descriptor()).value(), watch::Marks{});
}

TEST_F(MountMark, FollowsNoLinkThatTheContainerPutOnTheWay) {
  std::filesystem::create_symlink("/etc", overlay_->merged() + "/link");
  start([] {});
  auto request = request_for("/etc");
  request.path = "/link";
  EXPECT_EQ(try_mark(request).error().number, ELOOP);
}

// A FUSE file system that nobody serves: whoever asks it for anything waits for ever.
TEST_F(MountMark, IsNotHeldByAFuseFileSystemThatNeverAnswers) {
  if (const std::string missing = FuseServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
  FuseServer server(make_elf());
  const std::string point = make_scratch_directory();
  server.mount(point);
  // It answers until it has been greeted (FUSE_INIT).
  ASSERT_TRUE(sys::open_path(point + "/tool", O_PATH));
  server.hang();
  const std::string table = privilege_->read_process_mounts(::getpid()).value();
  const auto mounts = mount::parse_mountinfo(table);
  const auto fuse = std::ranges::find(mounts, point, &model::Mount::mount_point);
  ASSERT_NE(fuse, mounts.end());
  // As one that was a tmpfs when the table was read, and as one that lies in it.
  const privilege::ContainerMount swapped{point, fuse->id.value, "tmpfs", TMPFS_MAGIC, false};
  const auto mark = [&] {
    const auto answers =
        privilege_->mark_mounts(group_->descriptor(), ::getpid(), {swapped}, watch::close_write_mask());
    EXPECT_EQ(answers.at(0).error().number, ENOTSUP);
  };
  mark();
  std::thread([&] {
    hide_openat2();
    mark();
  }).join();
  EXPECT_EQ(server.held(), 0U);
  ::umount2(point.c_str(), MNT_DETACH);
}

// As a scan meets one in a container's tree.
TEST_F(MountMark, IsNotNeededToSeeThatAFileSystemWhichNeverAnswersIsInTheWay) {
  if (const std::string missing = FuseServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
  FuseServer server(make_elf());
  const std::string tree = make_scratch_directory();
  const std::string point = tree + "/fuse";
  std::filesystem::create_directory(point);
  server.mount(point);
  // It answers until it has been greeted (FUSE_INIT).
  ASSERT_TRUE(sys::open_path(point + "/tool", O_PATH));
  server.hang();
  const auto top = sys::value_or_throw(sys::open_path(tree, O_PATH | O_DIRECTORY));
  const auto is_refused = [&] {
    for (const int flags : {O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY, O_RDONLY}) {
      for (const char* way : {"fuse", "fuse/tool", "fuse/.."}) {
        const auto opened = sys::open_beneath(top.number(), way, flags, sys::Mounts::refused);
        EXPECT_EQ(opened ? 0 : opened.error().number, EXDEV) << way << " with " << flags;
      }
    }
  };
  is_refused();
  std::thread([&] {
    hide_openat2();
    is_refused();
  }).join();
  EXPECT_EQ(server.held(), 0U);
  ::umount2(point.c_str(), MNT_DETACH);
}

// Somebody had hold of the directory before the file system came over one above it.
TEST_F(MountMark, IsNotHeldByAFuseFileSystemOverADirectoryAboveTheMountPoint) {
  const sys::Fd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!device) GTEST_SKIP() << "SKIP kernel: no /dev/fuse";
  const std::string above = make_scratch_directory();
  const std::string point = above + "/point";
  std::filesystem::create_directory(point);
  const sys::Fd held(::open(point.c_str(), O_PATH | O_CLOEXEC));
  const std::string options =
      "fd=" + std::to_string(device.number()) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
  ASSERT_EQ(::mount("silent", above.c_str(), "fuse", 0, options.c_str()), 0);
  const std::string link = "/proc/self/fd/" + std::to_string(held.number());
  ASSERT_EQ(::mount("hidden", link.c_str(), "tmpfs", 0, nullptr), 0);
  const auto mounts = mount::parse_mountinfo(privilege_->read_process_mounts(::getpid()).value());
  const auto hidden = std::ranges::find(mounts, point, &model::Mount::mount_point);
  ASSERT_NE(hidden, mounts.end());
  const privilege::ContainerMount request{point, hidden->id.value, "tmpfs", TMPFS_MAGIC, false};
  const auto answers =
      privilege_->mark_mounts(group_->descriptor(), ::getpid(), {request}, watch::close_write_mask());
  EXPECT_EQ(answers.at(0).error().number, EAGAIN);
  ::umount2(above.c_str(), MNT_DETACH);
  ::umount2(point.c_str(), MNT_DETACH);
}

// ext4 and XFS read the permissions of a directory of somebody else when root passes for the first time, and
// not out of the cache.
TEST_F(MountMark, IsSetWhereNobodyButItsOwnerHasPassedADirectoryOnTheWay) {
  const std::string directory = make_scratch_directory();
  if (const auto why = Disk::missing("ext4", directory); !why.empty()) GTEST_SKIP() << why;
  const Disk disk("ext4", directory);
  constexpr uid_t somebody = 1000;
  const std::string point = disk.path() + "/owned/point";
  std::filesystem::create_directories(point);
  for (const std::string& path : {disk.path() + "/owned", point})
    ASSERT_EQ(::chown(path.c_str(), somebody, somebody), 0);
  // The inodes are read anew.
  const auto host = mount::parse_mountinfo(privilege_->read_process_mounts(::getpid()).value());
  const auto mounted = std::ranges::find(host, disk.path(), &model::Mount::mount_point);
  ASSERT_NE(mounted, host.end());
  const sys::Fd loop_device(::open(mounted->source.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::umount2(disk.path().c_str(), 0), 0);
  ASSERT_EQ(::mount(mounted->source.c_str(), disk.path().c_str(), "ext4", 0, nullptr), 0);
  Child owner([&](Line& line) {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    // Whose way it is from there.
    require(::chdir(disk.path().c_str()) == 0, "chdir");
    ::setfsuid(somebody);
    require(::mount("memory", "owned/point", "tmpfs", 0, nullptr) == 0, "mount");
    line.tell();
    line.hear();
  });
  owner.line().hear();
  const auto table = mount::parse_mountinfo(privilege_->read_process_mounts(owner.pid()).value());
  const auto memory = std::ranges::find(table, point, &model::Mount::mount_point);
  ASSERT_NE(memory, table.end());
  const privilege::ContainerMount request{point, memory->id.value, "tmpfs", TMPFS_MAGIC, false};
  const auto answers =
      privilege_->mark_mounts(group_->descriptor(), owner.pid(), {request}, watch::close_write_mask());
  EXPECT_TRUE(answers.at(0)) << answers.at(0).error().text();
  owner.line().tell();
  EXPECT_TRUE(owner.wait());
}

// As runtimes hide /proc/keys, and mount cgroups in a container: proc and sysfs look each name up anew.
TEST_F(MountMark, IsSetBelowWhatTheKernelMakesUp) {
  Child container([](Line& line) {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    for (const char* point : {"/proc/fs", "/sys/kernel"})
      require(::mount("memory", point, "tmpfs", 0, nullptr) == 0, "mount");
    line.tell();
    line.hear();
  });
  container.line().hear();
  const auto table = mount::parse_mountinfo(privilege_->read_process_mounts(container.pid()).value());
  for (const char* point : {"/proc/fs", "/sys/kernel"}) {
    const auto memory = std::ranges::find_if(table, [&](const model::Mount& mount) {
      return mount.mount_point == point && mount.source == "memory";
    });
    ASSERT_NE(memory, table.end());
    const privilege::ContainerMount request{point, memory->id.value, "tmpfs", TMPFS_MAGIC, false};
    const auto answers =
        privilege_->mark_mounts(group_->descriptor(), container.pid(), {request}, watch::close_write_mask());
    EXPECT_TRUE(answers.at(0)) << answers.at(0).error().text();
  }
  container.line().tell();
  EXPECT_TRUE(container.wait());
}

// Of a bind mount its user namespace says nothing: whoever makes one may show all of the host there.
TEST_F(MountMark, TellsWhatBelongsToNobodyInTheUserNamespaceThatShowsIt) {
  constexpr uid_t user = 1000;
  ASSERT_EQ(::chmod(scratch().c_str(), 0755), 0);
  const std::string of_user = make_scratch_directory();
  const std::string of_host = make_scratch_directory();
  const std::string root = make_scratch_directory();
  ASSERT_EQ(::chown(of_user.c_str(), user, user), 0);
  for (const auto& path : {of_user, of_host, root}) ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  Child container([&](Line& line) {
    enter_user_namespace(user);
    mount_file_system("own", root, "tmpfs");
    for (const auto& [source, target] : {std::pair(of_user, root + "/user"), {of_host, root + "/host"}}) {
      require(::mkdir(target.c_str(), 0755) == 0, "mkdir");
      require(::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) == 0, "mount");
    }
    stay_in_container_root(root, line);
  });
  container.line().hear();
  table_ = mount::parse_mountinfo(privilege_->read_process_mounts(container.pid()).value());
  const auto mark_of = [&](const std::string& path) {
    return sys::value_or_throw(privilege_
                                   ->mark_mounts(group_->descriptor(), container.pid(), {request_for(path)},
                                                 watch::close_write_mask())
                                   .at(0));
  };
  EXPECT_TRUE(mark_of("/host").belongs_to_others);
  EXPECT_FALSE(mark_of("/user").belongs_to_others);
  EXPECT_TRUE(privilege_->open_mount(container.pid(), request_for("/user")));
  const auto opened = privilege_->open_mount(container.pid(), request_for("/host"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().number, EPERM);
  container.line().tell();
  EXPECT_TRUE(container.wait());
  start([] {});
  EXPECT_FALSE(mark("/etc").belongs_to_others) << "in our namespace that is for root to say";
}

// Without the cache alone to go by (RESOLVE_CACHED) a lookup asks the server.
TEST_F(MountMark, ReachesMountPointsOutOfTheCacheAlone) {
  start([] {});
  const sys::Fd root(
      ::open(("/proc/" + std::to_string(container_->pid()) + "/root").c_str(), O_PATH | O_CLOEXEC));
  for (const char* path : {"/etc", "/dev", "/tmp/file"}) {
    const auto opened = sys::open_mount_point(root.number(), path);
    ASSERT_TRUE(opened) << path << ": " << opened.error().text();
    EXPECT_EQ(sys::read_cached_status(opened->number()).value().mount_id, mount_at(path).id.value);
  }
  const auto missing = sys::open_mount_point(root.number(), "/etc/none");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().number, AnyOf(EAGAIN, ENOENT));
}

}  // namespace
}  // namespace dropwarden::test
