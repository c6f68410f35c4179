// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/watched_mounts.hpp"

#include <linux/magic.h>

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

constexpr model::Device first{0, 69};
constexpr model::Device second{0, 70};
constexpr model::Device pseudo{0, 99};
const WatchedMounts::Clock::time_point start{};

WatchedMount overlay_of(model::Device device, std::uint64_t file_system, const char* container) {
  WatchedMount overlay;
  overlay.device = device;
  overlay.file_system = {file_system};
  overlay.container = {container};
  overlay.coverage = mount::Coverage::file_system;
  return overlay;
}

WatchedMount volume_of(std::uint64_t mount, model::Device device, std::uint64_t file_system,
                       const char* container) {
  WatchedMount volume = overlay_of(device, file_system, container);
  volume.place = model::Place::volume;
  volume.type = "ext4";
  volume.mount = {mount};
  volume.path = "/data";
  volume.coverage = mount::Coverage::mount;
  return volume;
}

EventIdentity event_of(std::uint64_t mount, model::Device device, std::uint64_t file_system) {
  return {.device = device, .file_system = {file_system}, .mount = {mount}, .type = EXT4_SUPER_MAGIC};
}

std::string owner(WatchedMounts& overlays, const EventIdentity& event) {
  const WatchedMount* overlay = overlays.identify(event);
  return overlay == nullptr ? "nobody" : overlay->container.value;
}

TEST(WatchedMounts, IdentifyByAFileSystemIdThatIsUnique) {
  WatchedMounts overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  overlays.add(overlay_of(second, 2, "b"), start);
  EXPECT_EQ(owner(overlays, {pseudo, {2}, {}}), "b")
      << "a file has a pseudo device when layers are on several file systems";
  EXPECT_EQ(owner(overlays, {pseudo, {3}, {}}), "nobody");
}

TEST(WatchedMounts, AreNotKeptWithoutEndOnceTheyAreRetired) {
  WatchedMounts mounts;
  const auto oldest = mounts.add(volume_of(81, {8, 1}, 2, "a"), start).serial;
  for (int i = 0; i < 16'384; ++i) mounts.add(volume_of(81, {8, 1}, 2, "a"), start);
  EXPECT_NE(mounts.find(oldest), nullptr);
  const auto last = mounts.add(volume_of(81, {8, 1}, 2, "a"), start).serial;
  EXPECT_EQ(mounts.find(oldest), nullptr);
  EXPECT_NE(mounts.find(oldest + 1), nullptr);
  EXPECT_NE(mounts.find_current(last), nullptr);
  EXPECT_EQ(mounts.find_current(last - 1), nullptr);
}

TEST(WatchedMounts, AreFoundByTheNumbersOfAFileAlone) {
  WatchedMounts mounts;
  const auto overlay = mounts.add(overlay_of(first, 1, "a"), start).serial;
  const auto volume = mounts.add(volume_of(81, {8, 1}, 2, "a"), start).serial;
  mounts.learn_mount({80}, first);
  const auto find = [&](model::Device device, std::uint64_t mount) {
    const WatchedMount* found = mounts.find_current(device, {mount});
    return found == nullptr ? 0 : found->serial;
  };
  EXPECT_EQ(find(first, 80), overlay);
  EXPECT_EQ(find(first, 90), overlay) << "a mount that the container made";
  EXPECT_EQ(find(pseudo, 80), overlay) << "layers on several file systems";
  EXPECT_EQ(find({8, 1}, 81), volume);
  EXPECT_EQ(find({8, 2}, 81), 0U) << "another mount has got its ID";
  EXPECT_EQ(find({8, 1}, 82), 0U);
  EXPECT_EQ(find(first, 81), overlay) << "likewise";
  mounts.retire(first, start);
  mounts.retire(volume, start);
  EXPECT_EQ(find(first, 80), 0U);
  EXPECT_EQ(find({8, 1}, 81), 0U);
}

TEST(WatchedMounts, KeepTheTimeAtWhichTheyWereMarkedFirst) {
  WatchedMounts mounts;
  WatchedMount& overlay = mounts.add(overlay_of(first, 1, "a"), start);
  mounts.set_marked(overlay, util::WallTime{10s});
  mounts.set_marked(overlay, util::WallTime{20s});
  EXPECT_EQ(overlay.marked_since, util::WallTime{10s});
  EXPECT_EQ(mounts.last_marked(), util::WallTime{20s});
}

TEST(WatchedMounts, IdentifyByDeviceWhereOverlaysShareTheFileSystemId) {
  WatchedMounts overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  overlays.add(overlay_of(second, 1, "b"), start);
  EXPECT_EQ(owner(overlays, {second, {1}, {}}), "b");
}

TEST(WatchedMounts, KnowWhichMountsShowAnOverlayFromItsRoot) {
  WatchedMounts overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  EXPECT_FALSE(overlays.is_root_mount({81}, first));
  overlays.learn_mount({81}, first);
  EXPECT_TRUE(overlays.is_root_mount({81}, first));
  EXPECT_FALSE(overlays.is_root_mount({81}, second));
  EXPECT_FALSE(overlays.is_root_mount({}, first));
  overlays.retire(first, start);
  EXPECT_FALSE(overlays.is_root_mount({81}, first)) << "a mount ID is reused";
}

TEST(WatchedMounts, IdentifyByAMountThatWasLearntBefore) {
  WatchedMounts overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  overlays.add(overlay_of(second, 1, "b"), start);
  overlays.learn_mount({81}, first);
  EXPECT_EQ(owner(overlays, {pseudo, {1}, {81}}), "a");
  overlays.retire(first, start);
  EXPECT_EQ(owner(overlays, {pseudo, {1}, {81}}), "nobody") << "a mount ID is reused";
}

TEST(WatchedMounts, NeverGiveAnEventToTheNextContainerOnTheSameDeviceNumber) {
  WatchedMounts overlays;
  overlays.add(overlay_of(first, 1, "gone"), start);
  overlays.add(overlay_of(first, 2, "next"), start);
  EXPECT_EQ(owner(overlays, {first, {1}, {}}), "gone");
  EXPECT_EQ(owner(overlays, {first, {2}, {}}), "next");
}

// Before Linux 6.6 all have the f_fsid of the file system below them, and the number alone tells them apart.
// An event that waits keeps its overlay, and so the number from the next one: it is of the last that had it.
TEST(WatchedMounts, GiveALateEventToTheLastContainerOnItsDeviceNumber) {
  WatchedMounts overlays;
  for (const char* container : {"long gone", "just gone"}) {
    overlays.add(overlay_of(first, 1, container), start);
    overlays.retire(first, start);
  }
  overlays.add(overlay_of(second, 1, "another"), start);
  EXPECT_EQ(owner(overlays, {first, {1}, {}}), "just gone");
}

TEST(WatchedMounts, KeepWhatIsSettledFromTheNextContainerOnTheSameDeviceNumber) {
  WatchedMounts overlays;
  EventIdentity event{first, {1}, {}};
  event.serial = overlays.add(overlay_of(first, 1, "gone"), start).serial;
  overlays.add(overlay_of(first, 1, "next"), start + 1s);
  EXPECT_EQ(owner(overlays, event), "gone");
  overlays.expire(start + 2s);
  EXPECT_EQ(owner(overlays, event), "nobody");
}

// As one that was away from the mount table is, while a finding waits for its container's name.
TEST(WatchedMounts, FindAnOverlayThatWasSettledWithoutANameWhenItIsKnownAnew) {
  WatchedMounts overlays;
  WatchedMount overlay = overlay_of(first, 1, "");
  overlay.layers.upperdir = "/upper/1";
  EventIdentity event{first, {1}, {}};
  event.serial = overlays.add(overlay, start).serial;
  EXPECT_EQ(owner(overlays, event), "");
  overlay.container = {"its own"};
  overlays.add(overlay, start);
  EXPECT_EQ(owner(overlays, event), "its own");
  overlay.container = {"next"};
  overlay.layers.upperdir = "/upper/2";
  EventIdentity other{first, {1}, {}};
  other.serial = overlays.add(overlay_of(first, 1, ""), start).serial;
  overlays.add(overlay, start);
  EXPECT_EQ(owner(overlays, other), "") << "it is another one on the same number";
}

TEST(WatchedMounts, KeepARetiredOneUntilItExpires) {
  WatchedMounts overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  overlays.retire(first, start + 1s);
  EXPECT_EQ(overlays.find(first), nullptr);
  EXPECT_EQ(owner(overlays, {first, {}, {}}), "a");
  overlays.expire(start + 1s);
  EXPECT_EQ(owner(overlays, {first, {1}, {}}), "a");
  overlays.expire(start + 2s);
  EXPECT_EQ(owner(overlays, {first, {1}, {}}), "nobody");
}

TEST(WatchedMounts, GiveAVolumeOfSeveralContainersToTheOneWhoseMountItCameThrough) {
  WatchedMounts mounts;
  mounts.add(volume_of(81, first, 1, "a"), start);
  mounts.add(volume_of(82, first, 1, "b"), start);
  EXPECT_EQ(owner(mounts, event_of(81, first, 1)), "a");
  EXPECT_EQ(owner(mounts, event_of(82, first, 1)), "b");
}

TEST(WatchedMounts, GiveAnUnknownMountToTheOnlyContainerThatHasTheSuperblock) {
  WatchedMounts mounts;
  mounts.add(volume_of(81, first, 1, "a"), start);
  mounts.add(volume_of(82, second, 2, "b"), start);
  EXPECT_EQ(owner(mounts, event_of(99, first, 1)), "a");
  mounts.add(volume_of(83, first, 1, "c"), start);
  EXPECT_EQ(owner(mounts, event_of(99, first, 1)), "nobody");
  EXPECT_EQ(mounts.candidates(event_of(99, first, 1)), (std::vector<model::ContainerId>{{"a"}, {"c"}}));
}

TEST(WatchedMounts, SettleAnEventForGood) {
  WatchedMounts mounts;
  mounts.add(volume_of(81, first, 1, "a"), start);
  mounts.add(volume_of(83, first, 1, "c"), start);
  EventIdentity event = event_of(99, first, 1);
  mounts.settle(event, {"c"});
  EXPECT_EQ(owner(mounts, event), "c");
  mounts.retire(event.serial, start);
  mounts.add(volume_of(99, first, 1, "next"), start);
  EXPECT_EQ(owner(mounts, event), "c");
}

TEST(WatchedMounts, BelieveAMountIdOnlyTogetherWithItsSuperblock) {
  WatchedMounts mounts;
  mounts.add(volume_of(81, first, 1, "a"), start);
  EXPECT_EQ(owner(mounts, event_of(81, second, 2)), "nobody") << "a mount ID is reused";
}

// The container that had it may be gone without a word from its runtime yet.
TEST(WatchedMounts, GiveAMountIdThatWasReusedToTheOneWhoHasItNow) {
  WatchedMounts mounts;
  const auto serial = mounts.add(volume_of(81, first, 1, "gone"), start).serial;
  mounts.add(volume_of(81, first, 1, "next"), start);
  EXPECT_EQ(owner(mounts, event_of(81, first, 1)), "next");
  mounts.retire(serial, start);
  EXPECT_EQ(owner(mounts, event_of(81, first, 1)), "next");
  EXPECT_EQ(mounts.current().size(), 1U);
}

TEST(WatchedMounts, KnowOnlyTheMountOfAFileInASubvolume) {
  WatchedMounts mounts;
  WatchedMount volume = volume_of(81, first, 1, "a");
  volume.type = "btrfs";
  mounts.add(std::move(volume), start);
  EXPECT_EQ(owner(mounts, event_of(81, pseudo, 7)), "a");
}

TEST(WatchedMounts, KeepOverlaysAndOtherFileSystemsApart) {
  WatchedMounts mounts;
  mounts.add(overlay_of(first, 1, "overlay"), start);
  mounts.add(volume_of(81, second, 1, "volume"), start);
  EXPECT_EQ(owner(mounts, {first, {1}, {}}), "overlay")
      << "before Linux 6.6 it has the f_fsid of its upper file system";
  EXPECT_EQ(owner(mounts, event_of(99, second, 1)), "volume");
}

// By a copy of the mount, say, that was made in the container.
TEST(WatchedMounts, GiveALateEventToTheLastMountOfItsContainerOnTheSuperblock) {
  WatchedMounts mounts;
  WatchedMount before = volume_of(81, first, 1, "a");
  before.path = "/before";
  mounts.retire(mounts.add(before, start).serial, start);
  mounts.retire(mounts.add(volume_of(82, first, 1, "a"), start).serial, start);
  const WatchedMount* const found = mounts.identify(event_of(99, first, 1));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->path, "/data");
}

TEST(WatchedMounts, KeepARetiredVolumeUntilItExpires) {
  WatchedMounts mounts;
  const auto serial = mounts.add(volume_of(81, first, 1, "gone"), start).serial;
  mounts.retire(serial, start);
  EXPECT_EQ(owner(mounts, event_of(81, first, 1)), "gone");
  mounts.add(volume_of(81, first, 1, "next"), start);
  EXPECT_EQ(owner(mounts, event_of(81, first, 1)), "next") << "only a marked mount has events";
  mounts.expire(start + 1s);
  EXPECT_EQ(mounts.find(serial), nullptr);
}

TEST(PathThroughMount, HasTheMountPointAlsoWhenItsNamespaceHasEnded) {
  WatchedMount mount;
  mount.type = "ext4";
  mount.path = "/data";
  EXPECT_EQ(path_through_mount(mount, "/data/x"), "/data/x");
  EXPECT_EQ(path_through_mount(mount, "/x"), "/data/x");
  EXPECT_EQ(path_through_mount(mount, "/data2/x"), "/data/data2/x");
  mount.path = "/etc/hosts";
  EXPECT_EQ(path_through_mount(mount, "/etc/hosts"), "/etc/hosts");
  EXPECT_EQ(path_through_mount(mount, "/"), "/etc/hosts") << "a single file that is bound";
  mount.path = "/";
  EXPECT_EQ(path_through_mount(mount, "/x"), "/x") << "a root that is no overlay";
}

TEST(PathInContainer, TakesTheHostsMountPointOff) {
  WatchedMount overlay;
  overlay.mount_point = "/run/c/rootfs";
  EXPECT_EQ(path_in_container(overlay, "/run/c/rootfs/tmp/x"), "/tmp/x");
  EXPECT_EQ(path_in_container(overlay, "/run/c/rootfs"), "/");
  EXPECT_EQ(path_in_container(overlay, "/run/c/rootfs2/x"), "/run/c/rootfs2/x");
  EXPECT_EQ(path_in_container(overlay, "/tmp/x"), "/tmp/x");
  overlay.mount_point.clear();
  EXPECT_EQ(path_in_container(overlay, "/tmp/x"), "/tmp/x");
}

}  // namespace
}  // namespace dropwarden::monitor
