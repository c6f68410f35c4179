// SPDX-License-Identifier: Apache-2.0
// What a FID-mode mark on the file system under the upper directories tells of what is done in an overlay,
// asked of this kernel: by file system, since names and handles are theirs.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <span>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/watch/fid_decoder.hpp"
#include "dropwarden/watch/fid_features.hpp"

#include "kernel_test.hpp"
#include "make_losses.hpp"
#include "support/child.hpp"
#include "support/container_root.hpp"
#include "support/disk.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"

namespace dropwarden::test {
namespace {

using testing::Contains;
using testing::Field;
using testing::Not;

// A record, and what its handles lead to now.
struct UpperEvent {
  std::uint64_t mask = 0;
  std::string directory;  // its path on the host; `gone`, or empty where the record tells none
  std::string name;
  std::string object;  // the same for the file itself
};

void PrintTo(const UpperEvent& event, std::ostream* out) {
  *out << std::hex << event.mask << " " << event.directory << " " << event.name << " (" << event.object
       << ")";
}

auto named(std::uint64_t mask, const std::string& directory, const std::string& name) {
  return testing::AllOf(
      testing::ResultOf([mask](const UpperEvent& event) { return event.mask & mask; }, mask),
      Field(&UpperEvent::directory, directory), Field(&UpperEvent::name, name));
}
auto of_object(const std::string& path) {
  return Field(&UpperEvent::object, path);
}

class UpperMark : public KernelTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const std::string missing = Disk::missing(GetParam(), make_scratch_directory());
    if (!missing.empty()) GTEST_SKIP() << "SKIP kernel: " << missing;
    const auto events = privilege_->probe_upper_events();
    if (!events || !events->has_writes)
      GTEST_SKIP() << "SKIP kernel: no content events on upper file systems (Linux 6.5)";
    disk_ = std::make_unique<Disk>(GetParam(), make_scratch_directory());
    std::filesystem::create_directory(disk_->path() + "/container");
    overlay_ = std::make_unique<TestOverlay>(disk_->path() + "/container");
    mount_ = mount_at(disk_->path());
  }
  void TearDown() override {
    group_.reset();
    overlay_.reset();
  }

  static privilege::HostMount mount_at(const std::string& path) {
    const auto top = sys::value_or_throw(sys::open_path(path, O_PATH | O_DIRECTORY));
    return {.path = path,
            .mount_id = sys::value_or_throw(sys::read_mount_id(top.number())),
            .type = sys::value_or_throw(sys::read_file_system_status(top.number())).type};
  }

  // As sensor B does.
  void mark(std::uint64_t mask, bool is_host_ignored = false) {
    const auto features = sys::value_or_throw(watch::probe_fid_features(
        [&](unsigned flags, unsigned event_flags) { return privilege_->open_group(flags, event_flags); }));
    group_ = sys::value_or_throw(privilege_->open_group(watch::fid_group_flags(features), O_RDONLY));
    sys::value_or_throw(privilege_->mark_by_handle(group_.number(), mount_, {.wanted = mask}));
    if (is_host_ignored) {
      const auto ignored = privilege_->ignore_mount(group_.number(), mount_, watch::writes_mask());
      ASSERT_TRUE(ignored) << ignored.error().text();
    }
  }

  std::string path_of(const sys::Fd& top, const std::optional<watch::Fid>& fid) {
    if (!fid) return {};
    const auto opened = privilege_->open_by_handle(top.number(), fid->handle);
    return opened ? sys::read_descriptor_path(opened->number()).value() : "gone";
  }

  std::vector<UpperEvent> read_queued() {
    const auto top = sys::value_or_throw(privilege_->open_handle_mount(mount_));
    std::vector<UpperEvent> events;
    std::array<std::byte, 65536> buffer;
    while (const auto got = sys::read_some(group_.number(), buffer)) {
      watch::FidDecoder decoder{std::span(buffer).first(*got)};
      while (const auto event = decoder.next()) {
        events.push_back({.mask = event->mask,
                          .directory = path_of(top, event->directory),
                          .name = std::string(event->name),
                          .object = path_of(top, event->object)});
      }
      EXPECT_FALSE(decoder.is_malformed());
    }
    return events;
  }

  // In the mount namespace of a container.
  void act(const std::function<void()>& body) {
    ASSERT_TRUE(run_in_child([&] {
      enter_container_root(overlay_->merged());
      body();
    }));
  }

  std::string tmp() const { return overlay_->upper() + "/tmp"; }

  std::unique_ptr<Disk> disk_;
  std::unique_ptr<TestOverlay> overlay_;
  privilege::HostMount mount_;
  sys::Fd group_;
};

INSTANTIATE_TEST_SUITE_P(On, UpperMark, testing::Values("tmpfs", "ext4", "xfs", "btrfs"),
                         [](const auto& type) { return std::string(type.param); });

TEST_P(UpperMark, TellsOfAWriteInTheOverlayByDirectoryNameAndFile) {
  mark(watch::names_mask() | watch::writes_mask());
  act([] { write_file("/tmp/dropped", make_elf()); });
  EXPECT_THAT(read_queued(), Contains(testing::AllOf(named(FAN_CLOSE_WRITE, tmp(), "dropped"),
                                                     of_object(tmp() + "/dropped"))));
}

TEST_P(UpperMark, TellsOfAStoreThroughAMappingAfterTheFileWasClosed) {
  mark(watch::writes_mask());
  act([] {
    auto file = sys::value_or_throw(sys::open_path("/tmp/mapped", O_RDWR | O_CREAT, 0755));
    require(::ftruncate(file.number(), 4096) == 0, "ftruncate");
    void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
    require(memory != MAP_FAILED, "mmap");
    file.reset();
    const auto content = make_elf();
    std::memcpy(memory, content.data(), content.size());
    // Leaves with the mapping: the end of the process unmaps it.
  });
  EXPECT_THAT(read_queued(), Contains(named(FAN_CLOSE_WRITE, tmp(), "mapped")));
}

TEST_P(UpperMark, SaysNothingOfANewFileWhereOnlyNamesAreAskedFor) {
  mark(watch::names_mask());
  act([] { write_file("/etc/dropped", make_elf()); });
  const auto events = read_queued();
  EXPECT_THAT(events, Not(Contains(Field(&UpperEvent::name, "dropped"))));
}

TEST_P(UpperMark, TellsTheNameThatAFileWasMovedTo) {
  act([] { write_file("/tmp/part", make_elf()); });
  mark(watch::names_mask());
  act([] { require(::rename("/tmp/part", "/etc/whole") == 0, "rename"); });
  EXPECT_THAT(read_queued(), Contains(named(FAN_MOVED_TO, overlay_->upper() + "/etc", "whole")));
}

TEST_P(UpperMark, TellsThatADirectoryWasMoved) {
  act([] { require(::mkdir("/tmp/before", 0755) == 0, "mkdir"); });
  mark(watch::names_mask());
  act([] { require(::rename("/tmp/before", "/tmp/after") == 0, "rename"); });
  EXPECT_THAT(read_queued(), Contains(named(FAN_MOVED_TO | FAN_ONDIR, tmp(), "after")));
}

// It is the change of the link count, which carries no name; but the file then goes by the name that came
// last.
TEST_P(UpperMark, TellsOfALinkByTheFileWhichGoesByItsNewestName) {
  act([] { write_file("/tmp/first", make_elf()); });
  mark(watch::names_mask());
  act([] { require(::link("/tmp/first", "/tmp/second") == 0, "link"); });
  EXPECT_THAT(read_queued(),
              Contains(testing::AllOf(named(FAN_ATTRIB, "", ""), of_object(tmp() + "/second"))));
}

TEST_P(UpperMark, TellsOfTheFirstNameOfAFileThatHadNone) {
  mark(watch::names_mask());
  act([] {
    const auto file = sys::value_or_throw(sys::open_path("/tmp", O_TMPFILE | O_RDWR, 0755));
    require(::write(file.number(), "x", 1) == 1, "write");
    require(::linkat(file.number(), "", AT_FDCWD, "/tmp/named", AT_EMPTY_PATH) == 0, "linkat");
  });
  EXPECT_THAT(read_queued(),
              Contains(testing::AllOf(named(FAN_ATTRIB, "", ""), of_object(tmp() + "/named"))));
}

TEST_P(UpperMark, TellsOfAttributes) {
  act([] {
    for (const char* name : {"/tmp/mode", "/tmp/capable"}) write_file(name, make_elf());
  });
  mark(watch::names_mask());
  act([] {
    require(::chmod("/tmp/mode", 0755) == 0, "chmod");
    // VFS_CAP_REVISION_2, CAP_NET_RAW permitted (<linux/capability.h>).
    const std::array<std::uint32_t, 5> capability{0x02000000, 1U << 13U, 0, 0, 0};
    require(::setxattr("/tmp/capable", "security.capability", capability.data(), sizeof capability, 0) == 0,
            "setxattr");
  });
  const auto events = read_queued();
  EXPECT_THAT(events, Contains(named(FAN_ATTRIB, tmp(), "mode")));
  EXPECT_THAT(events, Contains(named(FAN_ATTRIB, tmp(), "capable")));
}

TEST_P(UpperMark, TellsOfAChangeOfModeThatCopiesAFileUp) {
  write_file(overlay_->lower() + "/etc/image", make_elf());
  mark(watch::names_mask());
  act([] { require(::chmod("/etc/image", 0755) == 0, "chmod"); });
  EXPECT_THAT(read_queued(), Contains(named(FAN_ATTRIB, overlay_->upper() + "/etc", "image")));
}

TEST_P(UpperMark, MakesOneRecordOfWhatHappensToAFileMeanwhile) {
  mark(watch::names_mask() | watch::writes_mask());
  act([] {
    for (int i = 0; i < 100; ++i) {
      write_file("/tmp/often", "x");
      require(::chmod("/tmp/often", 0700) == 0, "chmod");
    }
  });
  const auto events = read_queued();
  EXPECT_EQ(std::ranges::count(events, "often", &UpperEvent::name), 1);
}

TEST_P(UpperMark, LeavesOutWhatTheHostWritesThroughItsOwnMountIfToldSo) {
  act([] { require(::chmod("/tmp", 0777) == 0, "chmod"); });  // copies it up
  mark(watch::names_mask() | watch::writes_mask(), true);
  write_file(disk_->path() + "/by-host", make_elf());
  write_file(tmp() + "/by-host", make_elf());
  EXPECT_THAT(read_queued(), Not(Contains(Field(&UpperEvent::name, "by-host"))));
  act([] { write_file("/tmp/by-container", make_elf()); });
  EXPECT_THAT(read_queued(), Contains(named(FAN_CLOSE_WRITE, tmp(), "by-container")));
  // An attribute knows no mount.
  require(::chmod((tmp() + "/by-host").c_str(), 0755) == 0, "chmod");
  EXPECT_THAT(read_queued(), Contains(named(FAN_ATTRIB, tmp(), "by-host")));
}

TEST_P(UpperMark, SeesAWriteStraightIntoTheUpperDirectoryUnlessToldOtherwise) {
  act([] { require(::chmod("/tmp", 0777) == 0, "chmod"); });  // copies it up
  mark(watch::writes_mask());
  write_file(tmp() + "/past", make_elf());
  EXPECT_THAT(read_queued(), Contains(named(FAN_CLOSE_WRITE, tmp(), "past")));
}

TEST_P(UpperMark, SeesAContainersBindMountWhichTheHostsIgnoreMarkDoesNotCover) {
  std::filesystem::create_directory(disk_->path() + "/volume");
  mark(watch::writes_mask(), true);
  ASSERT_TRUE(run_in_child([&] {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    write_file(disk_->path() + "/volume/dropped", make_elf());
  }));
  EXPECT_THAT(read_queued(), Contains(named(FAN_CLOSE_WRITE, disk_->path() + "/volume", "dropped")));
}

TEST_P(UpperMark, SeesWhatIsWrittenInAnOverlayWithinTheOverlayOfAnother) {
  const std::string inner = disk_->path() + "/volume";
  std::filesystem::create_directory(inner);
  TestOverlay nested(inner);
  mark(watch::writes_mask());
  write_file(nested.merged() + "/tmp/dropped", make_elf());
  EXPECT_THAT(read_queued(), Contains(named(FAN_CLOSE_WRITE, nested.upper() + "/tmp", "dropped")));
}

// As a lease holds up, or hides from, who opens the file that an event of the overlay is about.
TEST_P(UpperMark, CannotBeHeldUpByALease) {
  mark(watch::writes_mask());
  const LeaseHolder holder(overlay_->merged() + "/tmp/leased");
  const auto top = sys::value_or_throw(privilege_->open_handle_mount(mount_));
  EXPECT_THAT(read_queued(), Contains(named(FAN_CLOSE_WRITE, tmp(), "leased")));
  const auto directory = sys::value_or_throw(privilege_->open_layer(tmp()));
  const auto entry = sys::value_or_throw(privilege_->open_entry(directory.number(), "leased"));
  const auto file = privilege_->open_regular_file(entry.number());
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(read_header(*file), elf_magic);
}

TEST_P(UpperMark, PinsNothingWithRecordsThatAreNotRead) {
  mark(watch::names_mask() | watch::writes_mask());
  for (int i = 0; i < 100; ++i) write_file(overlay_->merged() + "/tmp/f" + std::to_string(i), make_elf());
  const auto unmounted = overlay_->unmount();
  EXPECT_TRUE(unmounted) << unmounted.error().text();
  overlay_->mount();
}

TEST_P(UpperMark, FindsAFileNoMoreThatHasGone) {
  mark(watch::names_mask());
  act([] {
    write_file("/tmp/gone", make_elf());
    require(::unlink("/tmp/gone") == 0, "unlink");
  });
  for (const UpperEvent& event : read_queued()) EXPECT_NE(event.object, tmp() + "/gone");
}

TEST_P(UpperMark, IsNotSetByWayOfAnotherMountThanTheOneMeant) {
  const privilege::HostMount meant = mount_;
  mark(watch::names_mask());
  EXPECT_EQ(privilege_
                ->mark_by_handle(group_.number(), {.path = meant.path, .mount_id = meant.mount_id, .type = 1},
                                 {.wanted = watch::names_mask()})
                .error()
                .number,
            ENOTSUP);
  ASSERT_EQ(::mount("over", meant.path.c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_EQ(
      privilege_->mark_by_handle(group_.number(), meant, {.wanted = watch::names_mask()}).error().number,
      ESTALE);
  EXPECT_EQ(privilege_->open_handle_mount(meant).error().number, ESTALE);
  ASSERT_EQ(::umount2(meant.path.c_str(), 0), 0);
}

TEST_P(UpperMark, LosesTheEventsThatAreNotWantedAnyMore) {
  mark(watch::names_mask() | watch::writes_mask());
  sys::value_or_throw(privilege_->mark_by_handle(
      group_.number(), mount_, {.wanted = watch::names_mask(), .unwanted = watch::writes_mask()}));
  act([] { write_file("/tmp/dropped", make_elf()); });
  EXPECT_THAT(read_queued(), Not(Contains(Field(&UpperEvent::name, "dropped"))));
}

class UpperProbe : public KernelTest {};

TEST_F(UpperProbe, LeavesNothingBehind) {
  const auto before = sys::value_or_throw(sys::read_file("/proc/self/mountinfo", 1U << 24U));
  const auto events = privilege_->probe_upper_events();
  if (!events && events.error().number == ENODEV)
    GTEST_SKIP() << "SKIP kernel: needs a tmpfs that has an ID, Linux 5.13";
  ASSERT_TRUE(events) << events.error().text();
  EXPECT_TRUE(events->has_names);
  EXPECT_EQ(sys::value_or_throw(sys::read_file("/proc/self/mountinfo", 1U << 24U)), before);
}

class BtrfsMark : public KernelTest {};

TEST_F(BtrfsMark, IsSetByWayOfTheRootOfTheFileSystemAndNotOfASubvolume) {
  const std::string missing = Disk::missing("btrfs", make_scratch_directory());
  if (!missing.empty()) GTEST_SKIP() << "SKIP kernel: " << missing;
  const Disk disk("btrfs", make_scratch_directory());
  const auto made = run_in_child([&] {
    require(
        ::execlp("btrfs", "btrfs", "-q", "subvolume", "create", (disk.path() + "/sub").c_str(), nullptr) == 0,
        "execlp");
  });
  ASSERT_TRUE(made);
  const std::string point = make_scratch_directory();
  ASSERT_EQ(::mount((disk.path() + "/sub").c_str(), point.c_str(), "", MS_BIND, nullptr), 0);
  const auto group =
      sys::value_or_throw(privilege_->open_group(watch::fid_group_flags({.has_names = true}), O_RDONLY));
  const auto top = sys::value_or_throw(sys::open_path(point, O_PATH | O_DIRECTORY));
  const privilege::HostMount mount{
      .path = point,
      .mount_id = sys::value_or_throw(sys::read_mount_id(top.number())),
      .type = sys::value_or_throw(sys::read_file_system_status(top.number())).type};
  EXPECT_EQ(privilege_->mark_by_handle(group.number(), mount, {.wanted = watch::names_mask()}).error().number,
            EXDEV);
}

}  // namespace
}  // namespace dropwarden::test
