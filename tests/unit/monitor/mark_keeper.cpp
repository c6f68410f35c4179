// SPDX-License-Identifier: Apache-2.0
#include "monitor/mark_keeper.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <map>
#include <memory>
#include <string>
#include <sys/fanotify.h>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

#include "showing_privilege.hpp"

namespace dropwarden::monitor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Each directory but those below /own is on the host: those below /other are one, and all else is another.
// Marks each overlay, but those that it refuses to.
class MarkingPrivilege final : public ShowingPrivilege {
 public:
  std::optional<sys::Error> host_mounts_problem() override { return {}; }
  std::vector<privilege::ProcessTexts> read_processes(
      std::int32_t pid, const std::vector<privilege::ProcessFile>& files,
      const std::vector<privilege::ProcessFile>& of_ancestors) override {
    auto all = ShowingPrivilege::read_processes(pid, files, of_ancestors);
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (files[i] == privilege::ProcessFile::cgroup) all[0].files[i] = "0::/\n";
      if (files[i] == privilege::ProcessFile::user_namespace && has_users) all[0].files[i] = "user:[1]";
    }
    return all;
  }
  sys::Result<sys::Fd> open_in_directory(const std::string& directory, const std::string&) override {
    return open_layer(directory);
  }
  sys::Result<sys::Fd> open_layer(const std::string& directory) override {
    if (directory.starts_with("/own")) return std::unexpected(sys::Error{"open", directory, ENOENT});
    return sys::open_path(directory.starts_with("/other") ? "/proc" : "/", O_PATH | O_DIRECTORY);
  }
  sys::Result<privilege::RootIdentity> mark_file_system(int, const privilege::RootPath& path,
                                                        std::uint64_t mask, std::uint64_t) override {
    const auto* process = std::get_if<privilege::ProcessRoot>(&path);
    const std::string& text = process == nullptr ? host : tables[process->pid];
    for (const model::Mount& mount : mount::parse_mountinfo(text)) {
      if (process == nullptr && mount.mount_point != std::get<privilege::MountPoint>(path).path) continue;
      ++asked[mount.device.minor];
      if (mount.device.minor == fails) return std::unexpected(sys::Error{"fanotify_mark", "/", ENOSPC});
      masks[mount.device.minor] = mask;
      marks.file_systems.push_back(mount.device);
      return privilege::RootIdentity{.mount_id = mount.id.value,
                                     .device_major = mount.device.major,
                                     .device_minor = mount.device.minor,
                                     .file_system_type = OVERLAYFS_SUPER_MAGIC,
                                     .upper = process == nullptr ? std::nullopt : prove(mount)};
    }
    return std::unexpected(sys::Error{"open", "/", ENOENT});
  }

  // What is at the path that it names.
  privilege::ProvenUpper prove(const model::Mount& mount) {
    const auto layers = mount::parse_overlay_layers(mount);
    const auto opened = open_layer(layers ? layers->upperdir : "/own");
    const auto status = opened && proves ? sys::read_cached_status(opened->number())
                                         : std::unexpected(sys::Error{"open", "/", ENOENT});
    if (!status) return std::nullopt;
    return privilege::DirectoryIdentity{
        .device_major = status->device_major, .device_minor = status->device_minor, .inode = status->inode};
  }

  std::string host;
  bool has_users = true;    // it is known in which user namespace processes are
  std::uint32_t fails = 0;  // the device that cannot be marked
  bool proves = true;       // what a root writes to
  watch::Marks marks;
  std::map<std::uint32_t, int> asked;            // how often, by device
  std::map<std::uint32_t, std::uint64_t> masks;  // the last one, by device
};

std::string overlay(int device, const std::string& mount_point, const std::string& directory) {
  return std::to_string(100 + device) + " 99 0:" + std::to_string(device) + " / " + mount_point +
         " rw - overlay overlay rw,lowerdir=" + directory + "/l,upperdir=" + directory + "/u" +
         std::to_string(device) + "\n";
}

class MarkKeeperTest : public testing::Test {
 protected:
  void set_host(const std::string& table) {
    privilege_.host = table;
    keeper_.on_table(mount::parse_mountinfo(table));
  }
  void add_container(const std::string& id, model::Pid init, const std::string& upperdir = {}) {
    add_quietly(id, init, upperdir);
    keeper_.on_containers(std::make_shared<const container::Snapshot>(snapshot_));
  }
  void add_quietly(const std::string& id, model::Pid init, const std::string& upperdir = {}) {
    auto container = std::make_shared<model::Container>();
    container->id = {id};
    container->init = init;
    container->upperdir = upperdir;
    snapshot_.containers.insert_or_assign(id, std::move(container));
  }
  // Until nothing is due by now.
  void go_on() {
    while (keeper_.next_retry() && *keeper_.next_retry() <= MarkKeeper::Clock::now()) keeper_.retry();
  }
  void pivot(model::Pid init, const std::string& table) {
    privilege_.tables[init.value] = table;
    keeper_.volumes().seen().on_mounted({init}, MarkKeeper::Clock::now());
    while (keeper_.next_retry()) keeper_.retry();
  }
  // Longer than a mount of a moment does.
  void fail_for_long() {
    for (int times = 0; times < 4; ++times) keeper_.mark_again();
  }
  std::vector<std::uint32_t> marked() const {
    std::vector<std::uint32_t> devices;
    for (const WatchedMount& mount : mounts_.current()) {
      if (mount.is_overlay() && mount.is_marked()) devices.push_back(mount.device.minor);
    }
    return devices;
  }

  MarkingPrivilege privilege_;
  WatchedMounts mounts_;
  Ledger ledger_;
  container::Snapshot snapshot_;
  static constexpr std::uint64_t mask = FAN_CLOSE_WRITE | FAN_OPEN_EXEC;
  MarkKeeper keeper_{privilege_, -1, mask, mounts_, ledger_, 1000, [this](int) -> sys::Result<watch::Marks> {
                       return privilege_.marks;
                     }};
};

TEST_F(MarkKeeperTest, NamesARootThatAFirstProcessHasMountedItselfAndGoneToLater) {
  set_host(overlay(50, "/run/x/merged", "/host"));
  privilege_.tables[7] = overlay(50, "/", "/host");
  add_container("c", {7});
  go_on();
  ASSERT_THAT(marked(), ElementsAre(50));
  ASSERT_THAT(keeper_.foreign(), IsEmpty());
  pivot({7}, overlay(51, "/", "/own"));
  ASSERT_THAT(keeper_.foreign(), SizeIs(1));
  EXPECT_EQ(keeper_.foreign()[0].device, (model::Device{0, 51}));
  EXPECT_EQ(keeper_.foreign()[0].container.value, "c");
  EXPECT_THAT(keeper_.foreign()[0].problem, HasSubstr("upper directory"));
  EXPECT_THAT(marked(), ElementsAre(50));
}

// Others may be there still.
TEST_F(MarkKeeperTest, MarksTheRootThatAFirstProcessGoesToAndKeepsTheOneThatItHasLeft) {
  privilege_.tables[7] = overlay(50, "/", "/host");
  add_container("c", {7});
  go_on();
  ASSERT_THAT(marked(), ElementsAre(50));
  pivot({7}, overlay(51, "/", "/other"));
  EXPECT_THAT(marked(), ElementsAre(50, 51));
  EXPECT_FALSE(mounts_.find({0, 50})->is_of_its_making);
  EXPECT_TRUE(mounts_.find({0, 51})->is_of_its_making);
  ASSERT_NE(mounts_.find({0, 50}), nullptr);
  EXPECT_EQ(way_through(*mounts_.find({0, 50})), "") << "the process is elsewhere";
  EXPECT_EQ(mounts_.find({0, 50})->container.value, "c");

  pivot({7}, overlay(50, "/", "/host"));
  EXPECT_THAT(marked(), ElementsAre(50, 51));
  EXPECT_EQ(way_through(*mounts_.find({0, 50})), "/proc/7/root") << "it is back";
  EXPECT_EQ(way_through(*mounts_.find({0, 51})), "");
  pivot({7}, overlay(51, "/", "/other"));

  privilege_.marks.file_systems = {{0, 51}};  // it is gone, and its mark with it
  keeper_.mark_again();
  EXPECT_THAT(marked(), ElementsAre(51));
}

// Who goes from one to the next without end would have us keep them all.
TEST_F(MarkKeeperTest, KeepsTheNewestOfTheRootsThatAFirstProcessHasLeft) {
  testing::internal::CaptureStdout();
  keeper_.set_ready();
  privilege_.tables[7] = overlay(50, "/", "/other");
  add_container("c\033", {7});
  go_on();
  for (int device = 51; device <= 70; ++device) pivot({7}, overlay(device, "/", "/other"));
  std::vector<std::uint32_t> kept;
  for (std::uint32_t device = 54; device <= 70; ++device) kept.push_back(device);
  EXPECT_EQ(marked(), kept) << "16, and the one that it is on";
  EXPECT_EQ(ledger_.lost(model::Loss::marked_late), 21U);
  pivot({7}, overlay(51, "/", "/other"));
  EXPECT_THAT(marked(), Contains(51)) << "it is back";
  const std::string said = testing::internal::GetCapturedStdout();
  for (const char* once : {"was marked after its container started", "container c\\x1b has left"}) {
    EXPECT_THAT(said, HasSubstr(once));
    EXPECT_EQ(said.find(once), said.rfind(once)) << said;
  }
}

TEST_F(MarkKeeperTest, WatchesWhatIsExecutedOnceItKnowsThatARootIsNoOtherUsers) {
  privilege_.has_users = false;
  privilege_.tables[7] = overlay(50, "/", "/host");
  add_container("c", {7});
  ASSERT_NE(mounts_.find({0, 50}), nullptr);
  EXPECT_TRUE(mounts_.find({0, 50})->is_of_other_users);
  EXPECT_EQ(privilege_.masks[50], FAN_CLOSE_WRITE);
  const auto serial = mounts_.find({0, 50})->serial;
  privilege_.has_users = true;
  while (keeper_.next_retry()) keeper_.retry();
  EXPECT_EQ(privilege_.masks[50], mask);
  EXPECT_FALSE(mounts_.find({0, 50})->is_of_other_users);
  EXPECT_EQ(mounts_.find({0, 50})->problem, "");
  EXPECT_EQ(mounts_.find({0, 50})->serial, serial) << "it was watched all the time";
}

// Its mark is there, and was found to be on another overlay than was seen.
TEST_F(MarkKeeperTest, TriesAgainWhatWasMarkedAndDisproved) {
  privilege_.tables[7] = overlay(50, "/", "/host");
  add_container("c", {7});
  go_on();
  ASSERT_THAT(marked(), ElementsAre(50));
  WatchedMount& overlay = *mounts_.find({0, 50});
  overlay.coverage = mount::Coverage::none;
  overlay.is_failed = true;
  keeper_.mark_again();
  EXPECT_TRUE(mounts_.find({0, 50})->is_marked());
}

// Whoever scans a tree, or watches an upper directory, goes by them.
TEST_F(MarkKeeperTest, BelievesTheLayersOfWhatCouldNotBeMarkedWhereTheHostShowsIt) {
  privilege_.fails = 50;
  set_host(overlay(50, "/run/x/merged", "/host"));
  fail_for_long();
  ASSERT_NE(mounts_.find({0, 50}), nullptr);
  EXPECT_TRUE(mounts_.find({0, 50})->is_failed);
  EXPECT_EQ(ledger_.lost(model::Loss::mark_failed), 1U);
  EXPECT_EQ(mounts_.find({0, 50})->layers.upperdir, "/host/u50");

  privilege_.fails = 51;
  privilege_.tables[7] = overlay(51, "/", "/other");
  add_container("c", {7});
  fail_for_long();
  ASSERT_NE(mounts_.find({0, 51}), nullptr);
  EXPECT_TRUE(mounts_.find({0, 51})->is_failed);
  EXPECT_EQ(mounts_.find({0, 51})->layers.upperdir, "");
}

// The path is the word of whoever mounted it.
TEST_F(MarkKeeperTest, LetsWhoeverGoesByAnUpperDirectoryKnowWhichWasProven) {
  privilege_.tables[7] = overlay(50, "/", "/other");
  add_container("proven", {7});
  go_on();
  const auto known = sys::value_or_throw(sys::open_path("/proc", O_PATH | O_DIRECTORY));
  const auto status = sys::value_or_throw(sys::read_cached_status(known.number()));
  ASSERT_NE(mounts_.find({0, 50}), nullptr);
  EXPECT_EQ(mounts_.find({0, 50})->layers.upper,
            (model::Directory{.device = {status.device_major, status.device_minor}, .inode = status.inode}));
  privilege_.proves = false;
  privilege_.tables[8] = overlay(51, "/", "/host");
  add_container("unknown", {8});
  go_on();
  ASSERT_NE(mounts_.find({0, 51}), nullptr);
  EXPECT_EQ(mounts_.find({0, 51})->layers.upper, model::Directory{}) << "which is none that there is";
  set_host(overlay(52, "/run/x/merged", "/host"));
  ASSERT_NE(mounts_.find({0, 52}), nullptr);
  EXPECT_EQ(mounts_.find({0, 52})->layers.upper, std::nullopt) << "the host's table is believed";
}

TEST_F(MarkKeeperTest, SaysNothingOfWhatIsMountedForAMoment) {
  privilege_.fails = 50;
  set_host(overlay(50, "/run/x/merged", "/host"));
  keeper_.mark_again();
  set_host(overlay(50, "/run/y/merged", "/host"));
  keeper_.mark_again();
  set_host("");
  EXPECT_EQ(ledger_.lost(model::Loss::mark_failed), 0U);
}

// Whatever happens to others meanwhile.
TEST_F(MarkKeeperTest, TriesWhatHasFailedEverMoreRarely) {
  privilege_.fails = 50;
  constexpr int tables = 200;
  for (int device = 51; device < 51 + tables; ++device) {
    set_host(overlay(50, "/run/x/merged", "/host") +
             overlay(device, "/run/" + std::to_string(device), "/host"));
    keeper_.retry();
    ASSERT_NE(keeper_.next_retry(), std::nullopt) << "it is not forgotten";
  }
  EXPECT_LE(privilege_.asked[50], 12) << "the twelfth would be after more than 20 s";
  const int asked = privilege_.asked[50];
  keeper_.mark_again();
  EXPECT_EQ(privilege_.asked[50], asked + 1) << "whatever was tried before";
  privilege_.fails = 0;
  while (keeper_.next_retry()) keeper_.retry();
  EXPECT_THAT(marked(), Contains(50));
}

// The same number and place, and no reading of the table in between.
TEST_F(MarkKeeperTest, LetsNoOverlayWaitForOneThatWasThereBefore) {
  privilege_.fails = 50;
  set_host(overlay(50, "/run/x/merged", "/host"));
  privilege_.fails = 0;
  set_host(overlay(50, "/run/x/merged", "/another"));
  EXPECT_THAT(marked(), ElementsAre(50));
}

// In its options, which are words; as does who never gets to the end of pivot_root(2).
TEST_F(MarkKeeperTest, MarksARootWhoseUpperDirectoryIsNamedByOneThatTheMarkerHasNotProven) {
  privilege_.fails = 51;
  privilege_.tables[7] = overlay(51, "/", "/other");
  privilege_.tables[8] = overlay(52, "/", "/other");
  add_container("claimer", {7});
  go_on();
  add_container("victim", {8});
  go_on();
  EXPECT_THAT(marked(), ElementsAre(52));
  privilege_.fails = 0;
  keeper_.mark_again();
  EXPECT_THAT(marked(), ElementsAre(52)) << "now the other one is the victim's";
  ASSERT_THAT(keeper_.foreign(), SizeIs(1));
  EXPECT_EQ(keeper_.foreign()[0].container.value, "claimer");
}

TEST_F(MarkKeeperTest, MarksOneOfThoseThatHaveOneUpperDirectoryHoweverManyAreFoundAtOnce) {
  for (const int pid : {7, 8, 9}) {
    privilege_.tables[pid] = overlay(50 + pid, "/", "/other");
    add_quietly("c" + std::to_string(pid), {pid});
  }
  keeper_.on_containers(std::make_shared<const container::Snapshot>(snapshot_));
  go_on();
  EXPECT_THAT(marked(), SizeIs(1));
  EXPECT_THAT(privilege_.marks.file_systems, SizeIs(1));
  EXPECT_THAT(keeper_.foreign(), SizeIs(2));
}

TEST_F(MarkKeeperTest, SaysOnceOfAContainerThatItsRootIsItsOwn) {
  testing::internal::CaptureStdout();
  privilege_.tables[7] = overlay(50, "/", "/own/\\033[2J");
  privilege_.tables[8] = overlay(60, "/", "/other");
  add_container("c\033", {7});
  add_container("d", {8});
  go_on();
  for (const int device : {51, 52}) pivot({7}, overlay(device, "/", "/own"));
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_THAT(said, HasSubstr("the root of container c\\x1b is not watched"));
  EXPECT_EQ(said.find("is not watched"), said.rfind("is not watched")) << said;
}

// Or that its first process has ended, so that nothing shows any more whose it is.
TEST_F(MarkKeeperTest, KeepsTheNameThatAFirstProcessShowedWhateverRuntimesTellLaterAndSaysSoOnce) {
  testing::internal::CaptureStdout();
  set_host(overlay(50, "/run/x/merged", "/host"));
  privilege_.tables[7] = overlay(50, "/", "/host");
  add_container("a", {7});
  go_on();
  EXPECT_EQ(mounts_.find({0, 50})->container.value, "a");
  EXPECT_EQ(mounts_.find({0, 50})->problem, "");
  add_container("a", {});
  for (const char* other : {"b\033", "c"}) {
    add_container(other, {}, "/host/u50");
    go_on();
    EXPECT_EQ(mounts_.find({0, 50})->container.value, "a");
  }
  EXPECT_THAT(mounts_.find({0, 50})->problem, HasSubstr("container b\\x1b's, which is not believed"));
  const std::string said = testing::internal::GetCapturedStdout();
  EXPECT_THAT(said, HasSubstr("a runtime tells that the overlay at /host/u50 is container b\\x1b's"));
  EXPECT_EQ(said.find("not believed"), said.rfind("not believed")) << said;
}

TEST_F(MarkKeeperTest, TakesANameBackThatARuntimeToldBeforeTheFirstProcessWasThere) {
  set_host(overlay(50, "/run/x/merged", "/host"));
  add_container("b", {}, "/host/u50");
  EXPECT_EQ(mounts_.find({0, 50})->container.value, "b") << "nothing else is known";
  privilege_.tables[7] = overlay(50, "/", "/host");
  add_container("a", {7});
  go_on();
  EXPECT_EQ(mounts_.find({0, 50})->container.value, "a");
  EXPECT_THAT(mounts_.find({0, 50})->problem, HasSubstr("container b's, which is not believed"));
}

// In a volume that propagates its mounts to the host.
TEST_F(MarkKeeperTest, LetsNoContainerNameItsOverlayByAMountThatItMakes) {
  const std::string first = overlay(50, "/run/x/merged", "/host");
  set_host(first);
  privilege_.tables[7] = overlay(50, "/", "/host");
  add_container("a", {7});
  go_on();
  set_host(first + overlay(50, "/volume/rootfs/overlayfs/b", "/host"));
  EXPECT_EQ(mounts_.find({0, 50})->container.value, "a");
}

// A container that sees the roots of others, and waits there for the end of one.
TEST_F(MarkKeeperTest, LetsNoProcessThatEnteredARootTakeItsName) {
  set_host(overlay(50, "/run/x/merged", "/host"));
  privilege_.tables[8] = overlay(50, "/", "/host");
  add_container("b", {8});
  go_on();
  EXPECT_EQ(mounts_.find({0, 50})->container.value, "b") << "nothing else is known";
  privilege_.tables[7] = overlay(50, "/", "/host");
  add_container("a", {7}, "/host/u50");
  go_on();
  EXPECT_EQ(mounts_.find({0, 50})->container.value, "a");
  add_container("a", {}, "/host/u50");
  go_on();
  EXPECT_EQ(mounts_.find({0, 50})->container.value, "a");
  EXPECT_EQ(mounts_.find({0, 50})->problem, "");
}

}  // namespace
}  // namespace dropwarden::monitor
