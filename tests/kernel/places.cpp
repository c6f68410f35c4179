// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "dropwarden/mount/container_places.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/privilege/guard.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/file_handle.hpp"
#include "dropwarden/watch/marks.hpp"

#include "kernel_test.hpp"
#include "support/child.hpp"
#include "support/command.hpp"
#include "support/container_root.hpp"
#include "support/disk.hpp"
#include "support/fuse_server.hpp"
#include "support/layered_overlay.hpp"
#include "support/other_user.hpp"
#include "support/overlay.hpp"
#include "support/private_mounts.hpp"
#include "support/user_namespace.hpp"

namespace dropwarden::test {
namespace {

void make_ways(const std::vector<std::string>& tops) {
  for (const std::string& top : tops) {
    std::filesystem::create_directories(top + "/way");
    write_file(top + "/way/file", "file");
  }
}

// What the marker lets a monitor do that was taken over.
class MarkerPlaces : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    marker_ = make_marker();
  }

  static std::unique_ptr<privilege::Privilege> make_marker(const mount::SearchLimits& limits = {}) {
    auto direct = privilege::make_direct({.host_process = ::getpid()});
    auto places = mount::make_container_places(*direct, "/proc", limits);
    return privilege::make_guarded(std::move(direct), {}, std::move(places));
  }

  template <class T>
  static int error_of(const sys::Result<T>& result) {
    return result ? 0 : result.error().number;
  }
  int try_read(const std::string& path) const {
    const auto entry = sys::open_path(path, O_PATH | O_NOFOLLOW);
    return entry ? error_of(marker_->open_regular_file(entry->number())) : entry.error().number;
  }

  static sys::FileHandle handle_of(const std::string& path) {
    return sys::value_or_throw(sys::read_handle(sys::value_or_throw(sys::open_path(path, O_PATH)).number()));
  }
  static privilege::ContainerMount mount_of(int pid, const std::string& path) {
    const auto text =
        sys::value_or_throw(sys::read_file("/proc/" + std::to_string(pid) + "/mountinfo", 1U << 24U));
    privilege::ContainerMount found;
    found.path = path;
    for (const model::Mount& mount : mount::parse_mountinfo(text)) {
      if (mount.mount_point != path) continue;
      found.mount_id = mount.id.value;
      found.type = mount.file_system;
    }
    found.type_magic = found.type == "overlay" ? OVERLAYFS_SUPER_MAGIC : TMPFS_MAGIC;
    return found;
  }

  std::unique_ptr<privilege::Privilege> marker_;
};

// As a runtime does before the process enters the overlay's root: at /volume, in a mount namespace of its
// own.
void bind_volume(const std::string& volume, const TestOverlay& overlay) {
  require(::unshare(CLONE_NEWNS) == 0, "unshare");
  require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
  const std::string target = overlay.merged() + "/volume";
  require(::mount(volume.c_str(), target.c_str(), "", MS_BIND, nullptr) == 0, "mount");
}

TEST_F(MarkerPlaces, AreTheLayersThatTheMountTableNames) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  write_file(overlay.upper() + "/new", "new");
  write_file(overlay.lower() + "/old", "old");
  write_file(other + "/secret", "secret");
  EXPECT_EQ(error_of(marker_->open_layer(overlay.upper())), 0);
  EXPECT_EQ(error_of(marker_->open_layer(overlay.lower())), 0);
  EXPECT_EQ(error_of(marker_->open_layer(other)), EPERM);
  EXPECT_EQ(error_of(marker_->open_layer(overlay.upper() + "/..")), EPERM);
  EXPECT_EQ(error_of(marker_->open_layer(overlay.upper() + "/../..")), EPERM);
  EXPECT_EQ(try_read(overlay.upper() + "/new"), 0);
  EXPECT_EQ(try_read(overlay.lower() + "/old"), 0);
  EXPECT_EQ(try_read(overlay.merged() + "/old"), 0);
  EXPECT_EQ(try_read(other + "/secret"), EPERM);
  EXPECT_EQ(error_of(marker_->open_in_directory(overlay.upper(), "new")), 0);
  EXPECT_EQ(error_of(marker_->open_in_directory(other, "secret")), EPERM);
  EXPECT_EQ(
      error_of(marker_->open_in_directory(scratch(), std::filesystem::path(other).filename() / "secret")),
      EPERM);
}

TEST_F(MarkerPlaces, AreReachedThroughWhateverDirectories) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  write_file(other + "/secret", "secret");
  const auto top = sys::value_or_throw(sys::open_path(scratch(), O_PATH | O_DIRECTORY));
  const auto below = [](const std::string& path) { return path.substr(scratch().size() + 1); };
  EXPECT_EQ(error_of(marker_->open_entry(top.number(), below(other))), EPERM);
  EXPECT_EQ(error_of(marker_->open_entry(top.number(), below(other) + "/secret")), EPERM);
  const auto upper = marker_->open_entry(top.number(), below(overlay.upper()));
  ASSERT_TRUE(upper) << upper.error().text();
  EXPECT_EQ(error_of(marker_->open_directory(upper->number())), 0);
}

// Whoever has an O_PATH descriptor opens it, and what lies below, by rights of his own (path_resolution(7)):
// past the directories above, which may be closed to him.
class MarkerDescriptor : public MarkerPlaces {
 protected:
  void SetUp() override {
    MarkerPlaces::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    overlay_ = std::make_unique<TestOverlay>(make_scratch_directory());
    closed_ = make_scratch_directory();
    require(::chmod(closed_.c_str(), 0700) == 0, "chmod");
    for (const std::string& directory : {closed_ + "/sub", overlay_->upper() + "/sub"}) {
      require(::mkdir(directory.c_str(), 0755) == 0, "mkdir");
      write_file(directory + "/file", "content");
      require(::chmod((directory + "/file").c_str(), 0644) == 0, "chmod");
    }
  }

  // As the monitor's user.
  static bool can_read(const std::string& path, int directory = AT_FDCWD) {
    return run_in_child([&] {
      constexpr uid_t user = 60871;
      become_user(user);
      require(sys::Fd(::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC)).number() >= 0, "openat");
    });
  }
  static bool leads_to_file(const sys::Result<sys::Fd>& handed) {
    return handed && can_read("file", handed->number());
  }
  static bool is_read(const sys::Result<sys::Fd>& handed) {
    return handed && can_read("/proc/self/fd/" + std::to_string(handed->number()));
  }
  static std::string below(const std::string& path) { return path.substr(scratch().size() + 1); }

  std::unique_ptr<TestOverlay> overlay_;
  std::string closed_;
};

TEST_F(MarkerDescriptor, LeadsIntoPlacesAloneWhenItIsOpenedByItsName) {
  const auto top = sys::value_or_throw(sys::open_path(scratch(), O_PATH | O_DIRECTORY));
  EXPECT_TRUE(leads_to_file(marker_->open_entry(top.number(), below(overlay_->upper()) + "/sub")));
  EXPECT_FALSE(leads_to_file(marker_->open_entry(top.number(), below(closed_) + "/sub")));
  const auto ways =
      marker_->open_ways({top.number()}, {below(closed_), "sub", "none"}, privilege::AttributeSpace::trusted);
  for (const auto& entry : ways.front()) EXPECT_EQ(error_of(entry), EPERM);
}

TEST_F(MarkerDescriptor, LeadsIntoPlacesAloneWhenItIsOpenedByItsHandle) {
  const auto by = mount_of(::getpid(), scratch());
  const auto mount = sys::value_or_throw(
      marker_->open_handle_mount({.path = scratch(), .mount_id = by.mount_id, .type = TMPFS_MAGIC}));
  const auto by_handle = [&](const std::string& path) {
    return marker_->open_by_handle(mount.number(), handle_of(path));
  };
  // What sensor B is told of before anything else was asked for.
  ASSERT_TRUE(marker_->open_layer(overlay_->upper()));
  EXPECT_TRUE(leads_to_file(by_handle(overlay_->upper() + "/sub")));
  EXPECT_TRUE(is_read(by_handle(overlay_->upper() + "/sub/file")));
  for (const char* name : {"/sub", "/sub/file"}) {
    const auto handed = by_handle(closed_ + name);
    EXPECT_FALSE(leads_to_file(handed));
    EXPECT_FALSE(is_read(handed));
    ASSERT_FALSE(handed);
    EXPECT_TRUE(privilege::is_outside(handed.error())) << "no refusal: nearly all records are of such files";
    EXPECT_EQ(handed.error().object, closed_ + name);
  }
}

TEST_F(MarkerDescriptor, IsCheckedOneByOneWhereSeveralAreOpenedByTheirHandles) {
  const auto by = mount_of(::getpid(), scratch());
  const auto mount = sys::value_or_throw(
      marker_->open_handle_mount({.path = scratch(), .mount_id = by.mount_id, .type = TMPFS_MAGIC}));
  ASSERT_TRUE(marker_->open_layer(overlay_->upper()));
  std::vector handles{handle_of(overlay_->upper() + "/sub/file"), handle_of(closed_ + "/sub/file"),
                      handle_of(overlay_->upper() + "/sub")};
  const auto errors_of = [](const std::vector<sys::Result<sys::Fd>>& answers) {
    std::vector<int> errors;
    for (const auto& answer : answers) errors.push_back(error_of(answer));
    return errors;
  };
  EXPECT_THAT(errors_of(marker_->open_by_handles(mount.number(), handles)),
              testing::ElementsAre(0, EXDEV, 0));
  EXPECT_THAT(errors_of(marker_->open_files_by_handles(mount.number(), handles)),
              testing::ElementsAre(0, EPERM, EINVAL));
  handles.assign(privilege::Privilege::max_opened + 1, handles.front());
  const auto many = errors_of(marker_->open_by_handles(mount.number(), handles));
  EXPECT_EQ(std::ranges::count(many, 0), privilege::Privilege::max_opened);
  EXPECT_EQ(many.back(), EMFILE);
}

// A marker that takes another's place is led to the places again by whoever misses one.
TEST_F(MarkerDescriptor, IsOutsideOnlyUntilThePlaceIsAskedFor) {
  const auto by = mount_of(::getpid(), scratch());
  const auto next = make_marker();
  const auto mount = sys::value_or_throw(
      next->open_handle_mount({.path = scratch(), .mount_id = by.mount_id, .type = TMPFS_MAGIC}));
  const auto handle = handle_of(overlay_->upper() + "/sub");
  const auto missed = next->open_by_handle(mount.number(), handle);
  ASSERT_FALSE(missed);
  EXPECT_TRUE(privilege::is_outside(missed.error()));
  EXPECT_TRUE(next->open_layer(overlay_->upper()));
  EXPECT_TRUE(next->open_by_handle(mount.number(), handle));
}

TEST_F(MarkerDescriptor, IsNotTheTopOfAMountOfTheHost) {
  const std::string point = closed_ + "/mount";
  require(::mkdir(point.c_str(), 0755) == 0, "mkdir");
  ASSERT_EQ(::mount("other", point.c_str(), "tmpfs", 0, "mode=0755"), 0);
  write_file(point + "/file", "content");
  require(::chmod((point + "/file").c_str(), 0644) == 0, "chmod");
  EXPECT_FALSE(leads_to_file(marker_->open_layer(point)));
  ::umount2(point.c_str(), MNT_DETACH);
  // By way of it a file of a place is reached all the same, as one of a volume is.
  EXPECT_TRUE(marker_->open_in_directory(scratch(), below(overlay_->upper()) + "/sub/file"));
  EXPECT_EQ(error_of(marker_->open_in_directory(scratch(), below(closed_) + "/sub/file")), EPERM);
}

// What is asked of all layers of an image at once is checked as if it were asked one by one.
TEST_F(MarkerPlaces, AreNotLeftByAWayThroughSeveralDirectories) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  make_ways({overlay.upper(), overlay.lower(), other});
  const auto open = [](const std::string& path) {
    return sys::value_or_throw(sys::open_path(path, O_PATH | O_DIRECTORY));
  };
  const auto upper = open(overlay.upper());
  const auto outside = open(other);
  const auto lower = open(overlay.lower());
  const auto ways = marker_->open_ways({upper.number(), outside.number(), lower.number()}, {"way", "file"},
                                       privilege::AttributeSpace::trusted);
  const auto errors = [](const privilege::Privilege::Way& way) {
    std::vector<int> numbers;
    for (const auto& entry : way) numbers.push_back(error_of(entry));
    return numbers;
  };
  ASSERT_EQ(ways.size(), 3U);
  EXPECT_THAT(errors(ways[0]), testing::ElementsAre(0, 0));
  EXPECT_THAT(errors(ways[1]), testing::ElementsAre(EPERM)) << "the directory is handed over, too";
  EXPECT_THAT(errors(ways[2]), testing::ElementsAre(0, 0))
      << "what one is refused for is no matter of another";
  EXPECT_EQ(error_of(marker_->open_regular_file(ways[0][1]->file.number())), 0);
  // A file in the middle of a way, a link to one, and a step out of the directory.
  const auto ask = [&](const std::vector<std::string>& names) {
    return errors(marker_->open_ways({outside.number()}, names, privilege::AttributeSpace::trusted).front());
  };
  EXPECT_THAT(ask({"way/file", "further"}), testing::ElementsAre(EPERM));
  std::filesystem::create_symlink(other + "/way/file", overlay.upper() + "/link");
  EXPECT_THAT(
      errors(marker_->open_ways({upper.number()}, {"link"}, privilege::AttributeSpace::trusted).front()),
      testing::ElementsAre(0))
      << "the link itself";
  EXPECT_NE(ask({".."}).front(), 0);
  EXPECT_NE(ask({overlay.upper()}).front(), 0);
}

TEST_F(MarkerPlaces, AreCheckedOneByOneWhereSeveralFilesOfADirectoryAreOpened) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  make_ways({overlay.upper(), other});
  const auto open = [](const std::string& path) {
    return sys::value_or_throw(sys::open_path(path + "/way", O_PATH | O_DIRECTORY));
  };
  const auto upper = open(overlay.upper());
  const auto outside = open(other);
  const auto found = marker_->open_siblings({upper.number(), outside.number()}, {"file", "none"},
                                            privilege::AttributeSpace::trusted);
  ASSERT_EQ(found.size(), 2U);
  ASSERT_TRUE(found[0].size() == 2 && found[1].size() == 2);
  EXPECT_EQ(error_of(found[0][0]), 0);
  EXPECT_EQ(error_of(found[0][1]), ENOENT);
  EXPECT_EQ(error_of(found[1][0]), EPERM);
}

TEST_F(MarkerPlaces, AreCheckedWhereFilesOfADirectoryAreOpened) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  for (const std::string& directory : {overlay.upper(), other}) write_file(directory + "/file", "file");
  const auto errors_in = [this](const std::string& directory) {
    const auto top = sys::value_or_throw(sys::open_path(directory, O_PATH | O_DIRECTORY));
    std::vector<int> errors;
    for (const auto& opened : marker_->open_regular_files(top.number(), {"file", "none"}))
      errors.push_back(error_of(opened));
    return errors;
  };
  EXPECT_THAT(errors_in(overlay.upper()), testing::ElementsAre(0, ENOENT));
  EXPECT_THAT(errors_in(other), testing::ElementsAre(EPERM, ENOENT));
}

TEST_F(MarkerPlaces, AreCheckedOneByOneWhereSeveralLayersAreOpened) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  const auto opened =
      marker_->open_layers({overlay.upper(), other, "/proc/1/root", overlay.lower(), "relative"});
  std::vector<int> errors;
  for (const auto& layer : opened) errors.push_back(error_of(layer));
  EXPECT_THAT(errors, testing::ElementsAre(0, EPERM, EPERM, 0, EINVAL));
  const std::vector<std::string> many(privilege::Privilege::max_opened + 1, overlay.upper());
  EXPECT_EQ(error_of(marker_->open_layers(many).back()), EMFILE);
}

// Tops and ways in one question are checked as if they were asked for one after the other.
TEST_F(MarkerPlaces, AreCheckedOneByOneWhereSeveralTreesAreOpened) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  make_ways({overlay.upper(), overlay.lower(), other});
  const auto mount = mount_of(::getpid(), scratch()).mount_id;
  const auto trees = marker_->open_trees(
      {{overlay.upper(), mount}, {other, mount}, {scratch(), mount}, {overlay.lower(), mount + 1}},
      {"way", "file"}, privilege::AttributeSpace::trusted);
  ASSERT_EQ(trees.size(), 4U);
  EXPECT_EQ(error_of(trees[1]), EPERM);
  EXPECT_EQ(error_of(trees[2]), EPERM) << "what is above a layer";
  ASSERT_TRUE(trees[0] && trees[3]);
  ASSERT_EQ(trees[0]->way.size(), 2U);
  EXPECT_EQ(error_of(trees[0]->way[1]), 0);
  EXPECT_TRUE(trees[3]->way.empty()) << "on another mount than the one named";
}

TEST_F(MarkerPlaces, AreNotLeftByAHandle) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  write_file(overlay.upper() + "/new", "new");
  write_file(other + "/secret", "secret");
  const auto by = mount_of(::getpid(), scratch());
  const auto mount =
      marker_->open_handle_mount({.path = scratch(), .mount_id = by.mount_id, .type = TMPFS_MAGIC});
  ASSERT_TRUE(mount) << mount.error().text();
  const auto read_by_handle = [&](const std::string& path) {
    const auto handle = handle_of(path);
    const int by_file = error_of(marker_->open_file_by_handle(mount->number(), handle));
    const auto again = marker_->open_by_handle(mount->number(), handle);
    return std::pair(again ? error_of(marker_->open_regular_file(again->number())) : again.error().number,
                     by_file);
  };
  EXPECT_EQ(read_by_handle(overlay.upper() + "/new"), std::pair(0, 0));
  EXPECT_EQ(read_by_handle(other + "/secret"), std::pair(EXDEV, EPERM));
  // By a mount that was not opened for it, whoever may be the one who has it.
  const auto own = sys::value_or_throw(sys::open_path(scratch(), O_RDONLY | O_DIRECTORY));
  const auto next = make_marker();
  const auto handle = handle_of(overlay.upper() + "/new");
  EXPECT_EQ(error_of(next->open_file_by_handle(own.number(), handle)), EPERM);
  EXPECT_EQ(error_of(next->open_by_handle(own.number(), handle)), EPERM);
}

// Why the monitor asks for such a file by its name once more, and the one who has the directory may.
TEST_F(MarkerPlaces, HoldNoFileThatTheKernelHasForgottenTheNameOf) {
  const std::string directory = make_scratch_directory();
  if (const auto missing = Disk::missing("ext4", make_scratch_directory()); !missing.empty())
    GTEST_SKIP() << "SKIP host: " << missing;
  const Disk disk("ext4", directory);
  std::filesystem::create_directory(disk.path() + "/layer");
  TestOverlay overlay(disk.path() + "/layer");
  write_file(overlay.upper() + "/new", "new");
  const auto handle = handle_of(overlay.upper() + "/new");
  const auto above = handle_of(overlay.upper());
  // The dentries go with the file system, which is soon there again.
  ASSERT_TRUE(overlay.unmount());
  ASSERT_EQ(::umount2(disk.path().c_str(), 0), 0);
  require_command({"mount", "-t", "ext4", "-o", "loop", directory + "/image", disk.path()});
  overlay.mount();

  auto by = mount_of(::getpid(), disk.path());
  const auto mount =
      marker_->open_handle_mount({.path = disk.path(), .mount_id = by.mount_id, .type = EXT4_SUPER_MAGIC});
  ASSERT_TRUE(mount) << mount.error().text();
  const auto own = sys::value_or_throw(privilege_->open_handle_mount(
      {.path = disk.path(), .mount_id = by.mount_id, .type = EXT4_SUPER_MAGIC}));
  const auto nameless = sys::value_or_throw(privilege_->open_by_handle(own.number(), handle));
  if (*sys::read_descriptor_path(nameless.number()) == "/") {
    const auto handed = marker_->open_by_handle(mount->number(), handle);
    ASSERT_FALSE(handed);
    EXPECT_TRUE(privilege::is_outside(handed.error()));
    EXPECT_EQ(handed.error().object, "");
    EXPECT_EQ(error_of(marker_->open_regular_file(nameless.number())), EPERM);
    EXPECT_EQ(error_of(marker_->open_file_by_handle(mount->number(), handle)), EPERM);
    // It is in no table, so none is searched: there may be many such files, and EBUSY for others then.
    const auto lazy = make_marker({.share = 1 << 30, .most = std::chrono::nanoseconds{0}});
    EXPECT_EQ(error_of(lazy->open_regular_file(nameless.number())), EPERM);
  }
  ASSERT_TRUE(marker_->open_layer(overlay.upper()));
  const auto upper = sys::value_or_throw(marker_->open_by_handle(mount->number(), above));
  const auto named = sys::value_or_throw(marker_->open_entry(upper.number(), "new"));
  EXPECT_EQ(error_of(marker_->open_regular_file(named.number())), 0);
}

TEST_F(MarkerPlaces, AreFoundAgainByAMarkerThatTakesAnothersPlace) {
  LayeredOverlay overlay(make_scratch_directory(), 2);
  overlay.mount(LayeredOverlay::Names::short_links);
  write_file(overlay.lower(2) + "/old", "old");
  write_file(overlay.upper() + "/new", "new");
  EXPECT_EQ(try_read(overlay.lower(2) + "/old"), 0);
  EXPECT_EQ(try_read(overlay.upper() + "/new"), 0);
}

TEST_F(MarkerPlaces, StayForTheLastLookWhenTheContainerIsGone) {
  TestOverlay overlay(make_scratch_directory());
  write_file(overlay.merged() + "/new", "new");
  ASSERT_EQ(error_of(marker_->open_layer(overlay.upper())), 0);
  ASSERT_TRUE(overlay.unmount());
  EXPECT_EQ(try_read(overlay.upper() + "/new"), 0);
  std::filesystem::remove_all(overlay.upper());
  EXPECT_EQ(error_of(marker_->open_layer(overlay.upper())), ENOENT);
}

TEST_F(MarkerPlaces, AreWhatTheProcessesOfContainersShow) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string volume = make_scratch_directory();
  write_file(volume + "/data", "data");
  std::filesystem::create_directory(overlay.lower() + "/volume");
  Child container([&](Line& line) {
    bind_volume(volume, overlay);
    stay_in_container_root(overlay.merged(), line);
  });
  container.line().hear();
  const int pid = container.pid();
  TestGroup group(*privilege_, features_);

  EXPECT_EQ(try_read(volume + "/data"), 0);
  EXPECT_EQ(error_of(marker_->open_layer("/proc/" + std::to_string(pid) + "/root")), 0);
  const auto its_volume = mount_of(pid, "/volume");
  EXPECT_EQ(error_of(marker_->open_mount(pid, its_volume)), 0);
  const auto mark = [&](int of, const privilege::ContainerMount& mount) {
    return error_of(marker_->mark_mounts(group.descriptor(), of, {mount}, watch::close_write_mask()).front());
  };
  EXPECT_EQ(mark(pid, its_volume), 0);
  auto whole = its_volume;
  whole.is_whole_file_system = true;
  EXPECT_EQ(mark(pid, whole), EPERM) << "the host uses that file system, too";

  // A process with the root of the host shows the host.
  const int own = ::getpid();
  EXPECT_EQ(error_of(marker_->open_layer("/proc/" + std::to_string(own) + "/root")), EPERM);
  EXPECT_EQ(error_of(marker_->open_mount(own, mount_of(own, scratch()))), EPERM);
  EXPECT_EQ(mark(own, mount_of(own, scratch())), EPERM);
  // Nor does one that is gone.
  Child gone([](Line&) {});
  const int number = gone.pid();
  gone.wait();
  EXPECT_THAT((std::vector{error_of(marker_->open_layer("/proc/" + std::to_string(number) + "/root")),
                           mark(number, its_volume)}),
              testing::Each(testing::AnyOf(ENOENT, ESRCH)));
}

// The monitor reads what a process shows together with its other files.
TEST_F(MarkerPlaces, AreNotWhatAProcessWithTheRootOfTheHostShows) {
  const std::string other = make_scratch_directory();
  write_file(other + "/secret", "secret");
  Child host([&](Line& line) {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    require(::mount(other.c_str(), other.c_str(), "", MS_BIND, nullptr) == 0, "mount");
    line.tell("mounted");
    line.hear();
  });
  host.line().hear();
  ASSERT_TRUE(marker_->read_process_mounts(host.pid()));
  ASSERT_TRUE(
      marker_
          ->read_process_files(host.pid(), {privilege::ProcessFile::stat, privilege::ProcessFile::mountinfo})
          .back());
  EXPECT_EQ(try_read(other + "/secret"), EPERM);
}

// Or a container that mounts and unmounts without end would have none of its volumes watched.
TEST_F(MarkerPlaces, AreMarkedEachForItself) {
  const TestOverlay overlay(make_scratch_directory());
  for (const char* name : {"/one", "/two"}) std::filesystem::create_directory(overlay.lower() + name);
  Child container([&](Line& line) {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    for (const char* name : {"/one", "/two"})
      require(::mount("own", (overlay.merged() + name).c_str(), "tmpfs", 0, nullptr) == 0, "mount");
    stay_in_container_root(overlay.merged(), line);
    require(::umount2("/one", 0) == 0, "umount");
    line.tell("unmounted");
    line.hear();
  });
  container.line().hear();
  const int pid = container.pid();
  std::vector mounts{mount_of(pid, "/one"), mount_of(pid, "/two"), mount_of(pid, "/two")};
  for (auto& mount : mounts) mount.is_whole_file_system = true;
  mounts[2].type_magic = 0x65735546;  // FUSE
  TestGroup group(*privilege_, features_);
  const auto mark = [&] {
    std::vector<int> errors;
    for (const auto& answer :
         marker_->mark_mounts(group.descriptor(), pid, mounts, watch::close_write_mask()))
      errors.push_back(error_of(answer));
    return errors;
  };
  EXPECT_THAT(mark(), testing::ElementsAre(0, 0, EPERM));
  container.line().tell();
  container.line().hear();
  EXPECT_THAT(mark(), testing::ElementsAre(ESTALE, 0, EPERM));
}

// Whatever is checked before: by the time of the mark the number may be another process's.
TEST_F(MarkerPlaces, AreNotMarkedByWayOfAProcessThatHasTheNumberMeanwhile) {
  const TestOverlay overlay(make_scratch_directory());
  Child container([&](Line& line) { stay_in_container_root(overlay.merged(), line); });
  container.line().hear();
  // As if the first look had been at a container's process: nothing but the marks themselves look.
  const auto direct = privilege::make_direct({.host_process = ::getpid()});
  const auto places = mount::make_container_places(*direct);
  direct->set_process_check(
      [&](int pid, std::string_view mountinfo) { return places->check_process(pid, mountinfo); });
  TestGroup group(*privilege_, features_);
  const auto errors = [&](int pid, const std::string& path) {
    const auto mount = mount_of(pid, path);
    const auto by_mount = direct->mark_mounts(group.descriptor(), pid, {mount}, watch::close_write_mask());
    const auto by_root = direct->mark_file_system(group.descriptor(), privilege::ProcessRoot{pid},
                                                  watch::close_write_mask(), OVERLAYFS_SUPER_MAGIC);
    return std::vector{error_of(by_mount.front()), error_of(by_root),
                       error_of(direct->open_mount(pid, mount))};
  };
  EXPECT_THAT(errors(container.pid(), "/"), testing::ElementsAre(0, 0, 0));
  EXPECT_THAT(errors(::getpid(), scratch()), testing::ElementsAre(EPERM, EPERM, EPERM));
  const auto marks = watch::read_marks(group.descriptor());
  ASSERT_TRUE(marks);
  EXPECT_EQ(marks->file_systems.size() + marks->mounts.size(), 2U) << "those of the container";
}

// Whatever the order of the roots in its table.
TEST_F(MarkerPlaces, AreNoneOfAProcessThatIsBetweenTwoRoots) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string volume = make_scratch_directory();
  const std::string other = make_scratch_directory();
  write_file(volume + "/data", "data");
  write_file(other + "/secret", "secret");
  std::filesystem::create_directory(overlay.lower() + "/volume");
  Child container([&](Line& line) {
    bind_volume(volume, overlay);
    enter_container_root(overlay.merged(), [&] {
      line.tell("between");
      line.hear();
    });
    line.tell("entered");
    line.hear();
  });
  container.line().hear();
  const int pid = container.pid();
  TestGroup group(*privilege_, features_);
  const auto its_volume = mount_of(pid, "/volume");
  const auto root = "/proc/" + std::to_string(pid) + "/root";
  const auto errors = [&] {
    EXPECT_TRUE(marker_->read_process_mounts(pid));
    const auto marked =
        marker_->mark_mounts(group.descriptor(), pid, {its_volume}, watch::close_write_mask()).front();
    return std::vector{error_of(marker_->open_layer(root)), error_of(marker_->open_mount(pid, its_volume)),
                       error_of(marked), try_read(volume + "/data"), try_read(other + "/secret")};
  };
  EXPECT_THAT(errors(), testing::ElementsAre(EAGAIN, EAGAIN, EAGAIN, EPERM, EPERM));
  EXPECT_TRUE(privilege::is_between_roots(marker_->open_layer(root).error()));
  container.line().tell();
  container.line().hear();
  EXPECT_THAT(errors(), testing::ElementsAre(0, 0, 0, 0, EPERM));
}

// A process number is used again: what was opened by way of one may be another's.
TEST_F(MarkerPlaces, AreNotWhatWasOpenedByWayOfAnotherProcess) {
  const TestOverlay overlay(make_scratch_directory());
  Child container([&](Line& line) { stay_in_container_root(overlay.merged(), line); });
  container.line().hear();
  const auto direct = privilege::make_direct({.host_process = ::getpid()});
  const auto places = mount::make_container_places(*direct);
  const auto root_of = [](int pid) {
    return sys::value_or_throw(sys::open_path("/proc/" + std::to_string(pid) + "/root", O_PATH));
  };
  const auto own = root_of(container.pid());
  const auto of_host = root_of(::getpid());
  EXPECT_EQ(error_of(places->admit(container.pid(), own.number())), 0);
  EXPECT_EQ(error_of(places->admit(container.pid(), of_host.number())), ESTALE);
  EXPECT_EQ(error_of(places->admit(::getpid(), of_host.number())), EPERM);
}

// Directories of 255 bytes below `top`, `levels` of them, and the file `name` in the last: what has a path
// that the kernel does not tell. The last one, O_PATH.
sys::Fd make_deep(const std::string& top, int levels, const char* name) {
  const std::string part(255, 'd');
  sys::Fd at = sys::value_or_throw(sys::open_path(top, O_PATH | O_DIRECTORY));
  for (int level = 0; level < levels; ++level) {
    require(::mkdirat(at.number(), part.c_str(), 0755) == 0, "mkdirat");
    at = sys::value_or_throw(sys::open_beneath(at.number(), part, O_PATH | O_DIRECTORY));
  }
  const sys::Fd file{::openat(at.number(), name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)};
  require(::write(file.number(), "deep", 4) == 4, "write");
  return at;
}

TEST_F(MarkerPlaces, ReachDeeperThanAPathCanSay) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  constexpr int levels = 40;
  const auto inside = make_deep(overlay.merged(), levels, "new");
  const auto outside = make_deep(other, levels, "secret");
  const auto read_in = [](privilege::Privilege& marker, int directory, const char* name) {
    const auto entry = marker.open_entry(directory, name);
    return entry ? error_of(marker.open_regular_file(entry->number())) : entry.error().number;
  };
  EXPECT_EQ(read_in(*marker_, inside.number(), "new"), 0) << "in the overlay itself";

  const std::string part(255, 'd');
  auto layer = sys::value_or_throw(marker_->open_layer(overlay.upper()));
  for (int level = 0; level < levels; ++level)
    layer = sys::value_or_throw(marker_->open_entry(layer.number(), part));
  ASSERT_EQ(error_of(sys::read_descriptor_path(layer.number())), ENAMETOOLONG);
  EXPECT_EQ(error_of(marker_->open_directory(layer.number())), 0);
  EXPECT_EQ(read_in(*marker_, layer.number(), "new"), 0);
  EXPECT_EQ(read_in(*marker_, outside.number(), "secret"), EPERM);
  EXPECT_EQ(error_of(marker_->open_directory(outside.number())), EPERM);

  // A marker that takes another's place knows nothing of what that one approved.
  const auto file = sys::value_or_throw(sys::open_beneath(layer.number(), "new", O_PATH));
  const auto next = make_marker();
  EXPECT_EQ(error_of(next->open_regular_file(file.number())), EPERM)
      << "a file alone does not say where it is";
  EXPECT_EQ(error_of(next->open_directory(layer.number())), 0);
  EXPECT_EQ(read_in(*next, layer.number(), "new"), 0);
  EXPECT_EQ(error_of(next->open_regular_file(file.number())), 0);
  const auto secret = sys::value_or_throw(sys::open_beneath(outside.number(), "secret", O_PATH));
  EXPECT_EQ(error_of(next->open_regular_file(secret.number())), EPERM);
}

TEST_F(MarkerPlaces, ReachDeeperThanAPathCanSayForAFileThatIsNamedFromTheLayer) {
  const TestOverlay overlay(make_scratch_directory());
  const std::string other = make_scratch_directory();
  std::string path;
  for (int level = 0; level < 15; ++level) path += std::string(255, 'd') + "/";
  make_deep(overlay.upper(), 15, "new");
  make_deep(other, 15, "secret");
  // Together with where the layer is, that is more than the kernel tells.
  const std::string name(240, 'n');
  const auto directory = sys::value_or_throw(
      sys::open_beneath(sys::value_or_throw(sys::open_path(overlay.upper(), O_PATH)).number(), path, O_PATH));
  const sys::Fd file{::openat(directory.number(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)};
  ASSERT_TRUE(file);
  EXPECT_EQ(error_of(marker_->open_in_directory(overlay.upper(), path + name)), 0);
  EXPECT_EQ(error_of(marker_->open_in_directory(other, path + "secret")), EPERM);
}

TEST_F(MarkerPlaces, AreFoundAtOnceAfterSomethingElseWasNot) {
  const std::string other = make_scratch_directory();
  write_file(other + "/secret", "secret");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(try_read(other + "/secret"), EPERM);
    const TestOverlay overlay(make_scratch_directory());
    const std::string volume = make_scratch_directory();
    write_file(volume + "/data", "data");
    std::filesystem::create_directory(overlay.lower() + "/volume");
    Child container([&](Line& line) {
      bind_volume(volume, overlay);
      stay_in_container_root(overlay.merged(), line);
    });
    container.line().hear();
    EXPECT_EQ(try_read(volume + "/data"), 0);
  }
}

TEST_F(MarkerPlaces, AreNotLookedForWithoutEnd) {
  const std::string other = make_scratch_directory();
  write_file(other + "/secret", "secret");
  marker_ = make_marker({.share = 1 << 30, .most = std::chrono::nanoseconds{1}});
  EXPECT_EQ(try_read(other + "/secret"), EPERM);
  EXPECT_EQ(try_read(other + "/secret"), EBUSY) << "nobody has looked, so it may be there";
  // What the table names is known without a search.
  const TestOverlay overlay(make_scratch_directory());
  EXPECT_EQ(error_of(marker_->open_layer(overlay.upper())), 0);
}

TEST_F(MarkerPlaces, AreAllThatAGroupWhichOpensFilesIsMarkedFor) {
  TestGroup opens(*privilege_, features_);
  const auto by = mount_of(::getpid(), scratch());
  const privilege::HostMount host{.path = scratch(), .mount_id = by.mount_id, .type = TMPFS_MAGIC};
  EXPECT_EQ(error_of(marker_->mark_by_handle(opens.descriptor(), host, {.wanted = FAN_OPEN, .unwanted = 0})),
            EPERM);
  TestGroup tells(*privilege_, FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_REPORT_FID, O_RDONLY);
  EXPECT_EQ(
      error_of(marker_->mark_by_handle(tells.descriptor(), host, {.wanted = FAN_ATTRIB, .unwanted = 0})), 0);
  EXPECT_EQ(error_of(marker_->ignore_mount(opens.descriptor(), host, FAN_CLOSE_WRITE)), EPERM);
  EXPECT_EQ(error_of(marker_->ignore_mount(tells.descriptor(), host, FAN_CLOSE_WRITE)), 0);
  auto other_type = host;
  other_type.type = 0x65735546;  // FUSE
  EXPECT_EQ(error_of(marker_->ignore_mount(tells.descriptor(), other_type, FAN_CLOSE_WRITE)), EPERM);
  EXPECT_EQ(error_of(marker_->mark_by_handle(tells.descriptor(), other_type,
                                             {.wanted = FAN_ATTRIB, .unwanted = 0})),
            EPERM);
  const auto mark = [&](const privilege::RootPath& root, std::uint64_t type) {
    return error_of(marker_->mark_file_system(opens.descriptor(), root, FAN_OPEN, type));
  };
  EXPECT_EQ(mark(privilege::MountPoint{scratch()}, TMPFS_MAGIC), EPERM);
  EXPECT_EQ(mark(privilege::MountPoint{scratch()}, OVERLAYFS_SUPER_MAGIC), ENOENT);
  EXPECT_EQ(mark(privilege::ProcessRoot{::getpid()}, OVERLAYFS_SUPER_MAGIC), EPERM);
  const TestOverlay overlay(make_scratch_directory());
  EXPECT_EQ(mark(privilege::MountPoint{overlay.merged()}, OVERLAYFS_SUPER_MAGIC), 0);
}

TEST_F(MarkerPlaces, AreKnownBeforeAServerIsAsked) {
  if (const std::string missing = FuseServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
  FuseServer server(make_elf());
  const std::string point = make_scratch_directory();
  server.mount(point);
  const auto entry = sys::value_or_throw(sys::open_path(point + "/tool", O_PATH));
  server.hang();
  EXPECT_EQ(error_of(marker_->open_regular_file(entry.number())), EPERM);
  EXPECT_EQ(error_of(marker_->open_directory(entry.number())), EPERM);
  EXPECT_EQ(server.held(), 0U);
}

// In a user namespace of its own a container may mount an overlay, and it writes down its layers as it sees
// them: what the host has by that name is none of its business.
class OwnNamespace {
 public:
  OwnNamespace(uid_t user, std::string lower)
      : place_(make_scratch_directory()),
        container_([user, lower = std::move(lower), place = place_](Line& line) {
          enter_user_namespace(user);
          require(::mount("own", place.c_str(), "tmpfs", 0, nullptr) == 0, "tmpfs");
          for (const char* name : {"/upper", "/work", "/merged"})
            require(::mkdir((place + name).c_str(), 0700) == 0, "mkdir");
          const std::string options =
              "userxattr,lowerdir=" + lower + ",upperdir=" + place + "/upper,workdir=" + place + "/work";
          require(::mount("own", (place + "/merged").c_str(), "overlay", 0, options.c_str()) == 0, "overlay");
          stay_in_container_root(place + "/merged", line);
        }) {
    container_.line().hear();
  }
  int pid() const { return container_.pid(); }

 private:
  std::string place_;
  Child container_;
};

TEST_F(MarkerPlaces, AreNotWhatAContainerSaysInANamespaceOfItsOwn) {
  const std::string of_host = make_scratch_directory();
  write_file(of_host + "/secret", "secret");
  constexpr uid_t user = 1000;
  ASSERT_EQ(::chmod(scratch().c_str(), 0755), 0);
  const std::string of_user = make_scratch_directory();
  ASSERT_EQ(::chown(of_user.c_str(), user, user), 0);
  try {
    for (const uid_t who : {uid_t{0}, user}) {
      const OwnNamespace container(who, of_host);
      ASSERT_TRUE(marker_->read_process_mounts(container.pid()));
      EXPECT_EQ(error_of(marker_->open_layer(of_host)), EPERM) << who;
      EXPECT_EQ(try_read(of_host + "/secret"), EPERM) << who;
    }
    // As podman does it for a user.
    const OwnNamespace container(user, of_user);
    ASSERT_TRUE(marker_->read_process_mounts(container.pid()));
    EXPECT_EQ(error_of(marker_->open_layer(of_user)), 0);
  } catch (const std::exception&) {
    GTEST_SKIP() << "SKIP kernel: no overlay can be mounted in a user namespace here";
  }
}

// Everybody reads in mountinfo what layers a container has, and can name them before its own process is
// asked.
TEST_F(MarkerPlaces, AreAUsersLayersWhicheverOtherUserHasNamedThemBefore) {
  constexpr uid_t user = 1000;
  constexpr uid_t other = 1001;
  ASSERT_EQ(::chmod(scratch().c_str(), 0755), 0);
  const std::string of_user = make_scratch_directory();
  write_file(of_user + "/data", "data");
  ASSERT_EQ(::chown(of_user.c_str(), user, user), 0);
  ASSERT_EQ(::chmod(of_user.c_str(), 0755), 0);
  try {
    const OwnNamespace of_other(other, of_user);
    ASSERT_TRUE(marker_->read_process_mounts(of_other.pid()));
    EXPECT_EQ(error_of(marker_->open_layer(of_user)), EPERM);
    const OwnNamespace container(user, of_user);
    ASSERT_TRUE(marker_->read_process_mounts(container.pid()));
    EXPECT_EQ(error_of(marker_->open_layer(of_user)), 0);
    EXPECT_EQ(try_read(of_user + "/data"), 0);
  } catch (const std::exception&) {
    GTEST_SKIP() << "SKIP kernel: no overlay can be mounted in a user namespace here";
  }
}

}  // namespace
}  // namespace dropwarden::test
