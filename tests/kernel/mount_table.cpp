// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/mount/coverage.hpp"
#include "dropwarden/mount/host_mounts.hpp"
#include "dropwarden/mount/statmount.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/mount/table_reader.hpp"
#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/fanotify_abi.hpp"
#include "dropwarden/sys/file.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/file.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

using testing::ElementsAre;

std::vector<model::Mount> read_table() {
  std::size_t malformed = 0;
  auto table = mount::parse_mountinfo(
      sys::value_or_throw(sys::read_file("/proc/self/mountinfo", std::size_t{1} << 24U)), &malformed);
  EXPECT_EQ(malformed, 0U);
  return table;
}

// Throws std::out_of_range when there is none.
model::Mount find_mount(const std::string& mount_point) {
  for (auto& entry : read_table()) {
    if (entry.mount_point == mount_point) return entry;
  }
  throw std::out_of_range("not in the mount table: " + mount_point);
}

class MountTable : public KernelTest {};

TEST_F(MountTable, NamesAnOverlayAsStatxAndStatfsDo) {
  const TestOverlay overlay(make_scratch_directory());
  TestGroup group(*privilege_, features_);
  const auto identity = group.mark(overlay.merged());
  const auto mount = find_mount(overlay.merged());
  EXPECT_EQ(mount.file_system, "overlay");
  EXPECT_EQ(mount.id.value, identity.mount_id);
  EXPECT_EQ(mount.device, (model::Device{identity.device_major, identity.device_minor}));
}

// pivot_root(2), "pivot_root(".", ".")", as runtimes do it.
TEST_F(MountTable, ShowsBothRootsAndAllOfTheHostUntilTheOldOneIsUnmounted) {
  const TestOverlay overlay(make_scratch_directory());
  const mount::HostMounts host(read_table());
  Child container([&](Line& line) {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    require(::chdir(overlay.merged().c_str()) == 0, "chdir");
    require(::syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
    line.tell("between");
    line.hear();
    require(::umount2(".", MNT_DETACH) == 0, "umount2");
    line.tell("entered");
    line.hear();
  });
  const auto read = [&] {
    container.line().hear();
    return mount::parse_mountinfo(sys::value_or_throw(
        privilege_->read_process_file(container.pid(), privilege::ProcessFile::mountinfo)));
  };
  const auto between = read();
  EXPECT_GT(between.size(), 2U);
  EXPECT_TRUE(mount::has_host_root(between, host));
  container.line().tell();
  const auto entered = read();
  EXPECT_EQ(entered.size(), 1U);
  EXPECT_FALSE(mount::has_host_root(entered, host));
}

// The key of a mark: the host's mount and the container's have IDs of their own, but one device.
// chroot(2): others in the same namespace may see more.
TEST_F(MountTable, ShowsAProcessWithARootOfItsOwnNothingThatLiesElsewhere) {
  const TestOverlay overlay(make_scratch_directory());
  Child container([&](Line& line) {
    stay_in_container_root(overlay.merged(), line);
    std::filesystem::create_directory("/jail");
    require(::chroot("/jail") == 0 && ::chdir("/") == 0, "chroot");
    line.tell("jailed");
    line.hear();
  });
  const auto read = [&](privilege::ProcessFile file) {
    return sys::value_or_throw(privilege_->read_process_file(container.pid(), file));
  };
  container.line().hear();
  EXPECT_EQ(read(privilege::ProcessFile::root), "/");
  EXPECT_FALSE(mount::parse_mountinfo(read(privilege::ProcessFile::mountinfo)).empty());
  container.line().tell();
  container.line().hear();
  EXPECT_EQ(read(privilege::ProcessFile::root), "/jail");
  EXPECT_TRUE(mount::parse_mountinfo(read(privilege::ProcessFile::mountinfo)).empty());
  container.line().tell();
  EXPECT_TRUE(container.wait());
}

TEST_F(MountTable, ShowsTheDeviceOfTheHostInTheContainerToo) {
  const TestOverlay overlay(make_scratch_directory());
  Child container([&](Line& line) { stay_in_container_root(overlay.merged(), line); });
  container.line().hear();
  const auto text = privilege_->read_process_file(container.pid(), privilege::ProcessFile::mountinfo);
  ASSERT_TRUE(text) << text.error().text();
  const auto table = mount::parse_mountinfo(*text);
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table[0].mount_point, "/");
  const auto host = find_mount(overlay.merged());
  EXPECT_EQ(table[0].device, host.device);
  EXPECT_NE(table[0].id, host.id);
  EXPECT_EQ(mount::parse_overlay_layers(table[0])->upperdir, overlay.upper());
}

// Names that no runtime chooses, but that show both layers of escaping; as the kernel prints them today.
TEST_F(MountTable, GivesBackTheLayersThatWereMountedWhateverTheirNames) {
  const std::string directory = make_scratch_directory();
  const std::string merged = directory + "/mer ged\n#";
  for (const std::string name : {"a b", "l:1", "l\\3", "u:1,2 x=", "work", "mer ged\n#"}) {
    std::filesystem::create_directory(directory + "/" + name);
  }
  const std::string options = "lowerdir=" + directory + "/a b:" + directory + "/l\\:1:" + directory +
                              "/l\\\\3,upperdir=" + directory + "/u\\:1\\,2 x=,workdir=" + directory +
                              "/work";
  ASSERT_EQ(::mount("overlay", merged.c_str(), "overlay", 0, options.c_str()), 0);
  const auto layers = mount::parse_overlay_layers(find_mount(merged));
  EXPECT_THAT(layers->lowerdirs, ElementsAre(directory + "/a b", directory + "/l:1", directory + "/l\\3"));
  EXPECT_EQ(layers->upperdir, directory + "/u:1,2 x=");
  EXPECT_EQ(::umount2(merged.c_str(), 0), 0);
}

TEST_F(MountTable, ResolvesLayersThatContainerdMountsByRelativeNames) {
  const std::string snapshots = make_scratch_directory();
  const std::string merged = make_scratch_directory();
  for (const std::string name : {"1/fs", "2/fs", "3/fs", "3/work"}) {
    std::filesystem::create_directories(snapshots + "/" + name);
  }
  const std::string options =
      "lowerdir=2/fs:1/fs,upperdir=" + snapshots + "/3/fs,workdir=" + snapshots + "/3/work";
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(snapshots);
  const int mounted = ::mount("overlay", merged.c_str(), "overlay", 0, options.c_str());
  std::filesystem::current_path(here);
  ASSERT_EQ(mounted, 0);
  EXPECT_THAT(mount::parse_overlay_layers(find_mount(merged))->lowerdirs,
              ElementsAre(snapshots + "/2/fs", snapshots + "/1/fs"));
  EXPECT_EQ(::umount2(merged.c_str(), 0), 0);
}

// proc(5): asking takes the answer away, and each change brings it back.
TEST_F(MountTable, SaysPollpriOnceAChange) {
  const auto table = sys::value_or_throw(sys::open_path("/proc/self/mountinfo", O_RDONLY));
  EXPECT_FALSE(sys::take_urgent(table.number()).value());
  const std::string point = make_scratch_directory();
  ASSERT_EQ(::mount("test", point.c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_TRUE(sys::take_urgent(table.number()).value());
  EXPECT_FALSE(sys::take_urgent(table.number()).value());
  ASSERT_EQ(::umount2(point.c_str(), 0), 0);
  EXPECT_TRUE(sys::take_urgent(table.number()).value());
}

TEST_F(MountTable, SaysNothingOfMountsInOtherNamespaces) {
  const auto table = sys::value_or_throw(sys::open_path("/proc/self/mountinfo", O_RDONLY));
  const TestOverlay overlay(make_scratch_directory());
  EXPECT_TRUE(sys::take_urgent(table.number()).value());
  ASSERT_TRUE(run_in_child([&] {
    enter_container_root(overlay.merged());
    require(::mount("test", "/tmp", "tmpfs", 0, nullptr) == 0, "mount");
  }));
  EXPECT_FALSE(sys::take_urgent(table.number()).value());
}

TEST_F(MountTable, HasEventsOfItsOwn) {
  if (!features_.has_mount_events) GTEST_SKIP() << "SKIP kernel: needs FAN_REPORT_MNT, Linux 6.15";
  TestGroup group(*privilege_, watch::mount_group_flags(), O_RDONLY);
  const auto name_space = sys::value_or_throw(sys::open_path("/proc/self/ns/mnt", O_RDONLY));
  ASSERT_EQ(::fanotify_mark(group.descriptor(), FAN_MARK_ADD | sys::fanotify_abi::mark_mount_namespace,
                            watch::mount_mask(), name_space.number(), nullptr),
            0);
  const std::string point = make_scratch_directory();
  ASSERT_EQ(::mount("test", point.c_str(), "tmpfs", 0, nullptr), 0);
  auto events = group.read_queued();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].record.mask, sys::fanotify_abi::mount_attach);
  EXPECT_FALSE(events[0].file);
  ASSERT_EQ(::umount2(point.c_str(), 0), 0);
  events = group.read_queued();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].record.mask, sys::fanotify_abi::mount_detach);
}

// By numbers that are never used twice (listmount(2), statmount(2)), in private mounts.
class NumberedMounts : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const auto numbers = privilege_->list_mounts();
    const auto told = numbers ? decode(numbers->front(), *privilege_) : std::nullopt;
    if (!told || told->mount.source.empty()) GTEST_SKIP() << "SKIP kernel: needs statmount(2) of Linux 6.13";
  }

  static std::optional<mount::NumberedMount> decode(std::uint64_t number, privilege::Privilege& privilege) {
    const auto answer = std::move(privilege.read_mounts({number}).front());
    return answer ? mount::decode_statmount(*answer) : std::nullopt;
  }

  static std::vector<model::Mount> read_by_numbers(privilege::Privilege& privilege) {
    std::vector<model::Mount> table;
    for (const std::uint64_t number : sys::value_or_throw(privilege.list_mounts())) {
      const auto told = decode(number, privilege);
      if (told && told->number == number) table.push_back(told->mount);
    }
    return table;
  }

  static void mount_there(const char* from, const std::string& to, const char* type, unsigned long flags,
                          const char* options = nullptr) {
    require(::mount(from, to.c_str(), type, flags, options) == 0, "mount");
  }

  static std::string write_there(const std::string& path) {
    write_file(path, "");
    return path;
  }

  // One with the calls counted, at the table of this process.
  mount::TableReader make_reader() {
    return mount::TableReader(mount::TableReader::Calls{.list = [this] { return privilege_->list_mounts(); },
                                                        .read =
                                                            [this](const auto& numbers) {
                                                              asked_ += numbers.size();
                                                              return privilege_->read_mounts(numbers);
                                                            }});
  }
  std::vector<model::Mount> read(mount::TableReader& reader) {
    asked_ = 0;
    return sys::value_or_throw(reader.read(table_.number(), now_));
  }

  const sys::Fd table_ = sys::value_or_throw(sys::open_path("/proc/self/mountinfo", O_RDONLY));
  mount::TableReader::Clock::time_point now_ = mount::TableReader::Clock::now();
  std::size_t asked_ = 0;
};

TEST_F(NumberedMounts, AreToldAsTheirLinesInTheTable) {
  const std::string top = make_scratch_directory();
  const auto directory = [&](const std::string& name) {
    std::filesystem::create_directory(top + "/" + name);
    return top + "/" + name;
  };
  const TestOverlay overlay(directory("overlay of\ta mount#\n"));
  const TestOverlay read_only(directory("more"), ",userxattr");
  mount_there("", read_only.merged(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOATIME);
  const std::string strange = directory("a b\tc\nd\\e#");
  mount_there("a source of\tits own", strange, "tmpfs", MS_NOSUID | MS_NOEXEC | MS_SYNCHRONOUS,
              "size=64k,mode=0700");
  mount_there("", strange, nullptr, MS_SHARED);
  std::filesystem::create_directory(strange + "/in side");
  const std::string bound = directory("bound");
  mount_there((strange + "/in side").c_str(), bound, nullptr, MS_BIND);
  mount_there("", bound, nullptr, MS_SLAVE);
  mount_there("", bound, nullptr, MS_SHARED);
  const std::string alone = directory("alone");
  mount_there("none", alone, "tmpfs", MS_RDONLY | MS_STRICTATIME | MS_NODIRATIME);
  mount_there("", alone, nullptr, MS_UNBINDABLE);
  mount_there("/proc/self/ns/uts", write_there(top + "/file"), nullptr, MS_BIND);
  const auto table = read_table();
  const auto numbered = read_by_numbers(*privilege_);
  ASSERT_EQ(numbered.size(), table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ(numbered[i].mount_point, table[i].mount_point);
    EXPECT_EQ(numbered[i].root, table[i].root);
    EXPECT_EQ(numbered[i].options, table[i].options) << table[i].mount_point;
    EXPECT_EQ(numbered[i].tags, table[i].tags) << table[i].mount_point;
    EXPECT_EQ(numbered[i].source, table[i].source) << table[i].mount_point;
    EXPECT_EQ(numbered[i].super_options, table[i].super_options) << table[i].mount_point;
    EXPECT_EQ(numbered[i], table[i]) << table[i].mount_point;
  }
}

TEST_F(NumberedMounts, OfAnotherNamespaceAreToldAsItsProcessesSeeThem) {
  const std::string directory = make_scratch_directory();
  Child other([&](Line& line) {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    const TestOverlay overlay(directory);
    line.tell("mounted");
    line.hear();
  });
  other.line().hear();
  const auto as_from_a_pod = privilege::make_direct({.host_process = other.pid()});
  const auto table = mount::parse_mountinfo(
      sys::value_or_throw(privilege_->read_process_file(other.pid(), privilege::ProcessFile::mountinfo)));
  EXPECT_NE(std::ranges::find(table, directory + "/merged", &model::Mount::mount_point), table.end());
  EXPECT_EQ(read_by_numbers(*as_from_a_pod), table);
}

TEST_F(NumberedMounts, AreReadWhereTheyAreNewAndNoOthers) {
  const std::string directory = make_scratch_directory();
  auto reader = make_reader();
  EXPECT_EQ(read(reader), read_table());
  EXPECT_GT(asked_, 2U);
  {
    const TestOverlay overlay(directory);
    EXPECT_EQ(read(reader), read_table());
    EXPECT_EQ(asked_, 1U);
  }
  EXPECT_EQ(read(reader), read_table());
  EXPECT_EQ(asked_, 0U);
}

// Its number stays, and the kernel wakes us all the same (proc(5)).
TEST_F(NumberedMounts, KeepTheirNumbersWhenTheyAreMovedOrRemounted) {
  const std::string here = make_scratch_directory();
  const std::string there = make_scratch_directory();
  const std::string writable = make_scratch_directory();
  mount_there("none", here, "tmpfs", 0);
  mount_there("none", writable, "tmpfs", 0);
  auto reader = make_reader();
  read(reader);
  const auto numbers = sys::value_or_throw(privilege_->list_mounts());
  mount_there(here.c_str(), there, nullptr, MS_MOVE);
  EXPECT_EQ(read(reader), read_table());
  mount_there("", there, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY);
  EXPECT_EQ(read(reader), read_table());
  mount_there("", there, nullptr, MS_SHARED);
  EXPECT_EQ(read(reader), read_table());
  EXPECT_EQ(sys::value_or_throw(privilege_->list_mounts()), numbers);
  // What lies on it is shared, too.
  std::filesystem::create_directory(writable + "/on");
  mount_there("", writable, nullptr, MS_SHARED);
  mount_there("none", writable + "/on", "tmpfs", 0);
  EXPECT_EQ(read(reader), read_table());
  // Together with a new mount, it is found when it is due.
  mount_there(there.c_str(), here, nullptr, MS_MOVE);
  mount_there("none", there, "tmpfs", 0);
  EXPECT_NE(read(reader), read_table());
  now_ = reader.due().value();
  EXPECT_EQ(read(reader), read_table());
}

// mountinfo gives a number to the next mount at once.
TEST_F(NumberedMounts, HaveNumbersThatNoOtherMountGets) {
  const std::string directory = make_scratch_directory();
  mount_there("none", directory, "tmpfs", 0);
  const auto before = sys::value_or_throw(privilege_->list_mounts());
  require(::umount2(directory.c_str(), 0) == 0, "umount2");
  mount_there("none", directory, "tmpfs", 0);
  EXPECT_NE(sys::value_or_throw(privilege_->list_mounts()), before);
}

}  // namespace
}  // namespace dropwarden::test
