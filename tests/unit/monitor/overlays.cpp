// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/overlays.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

constexpr model::Device first{0, 69};
constexpr model::Device second{0, 70};
constexpr model::Device pseudo{0, 99};
const Overlays::Clock::time_point start{};

Overlay overlay_of(model::Device device, std::uint64_t file_system, const char* container) {
  Overlay overlay;
  overlay.device = device;
  overlay.file_system = {file_system};
  overlay.container = {container};
  return overlay;
}

std::string owner(Overlays& overlays, const EventIdentity& event) {
  const Overlay* overlay = overlays.identify(event);
  return overlay == nullptr ? "nobody" : overlay->container.value;
}

TEST(Overlays, IdentifyByAFileSystemIdThatIsUnique) {
  Overlays overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  overlays.add(overlay_of(second, 2, "b"), start);
  EXPECT_EQ(owner(overlays, {pseudo, {2}, {}}), "b")
      << "a file has a pseudo device when layers are on several file systems";
  EXPECT_EQ(owner(overlays, {pseudo, {3}, {}}), "nobody");
}

TEST(Overlays, IdentifyByDeviceWhereOverlaysShareTheFileSystemId) {
  Overlays overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  overlays.add(overlay_of(second, 1, "b"), start);
  EXPECT_EQ(owner(overlays, {second, {1}, {}}), "b");
}

TEST(Overlays, KnowWhichMountsShowThemFromTheirRoots) {
  Overlays overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  EXPECT_FALSE(overlays.is_root_mount({81}, first));
  overlays.learn_mount({81}, first);
  EXPECT_TRUE(overlays.is_root_mount({81}, first));
  EXPECT_FALSE(overlays.is_root_mount({81}, second));
  EXPECT_FALSE(overlays.is_root_mount({}, first));
  overlays.retire(first, start);
  EXPECT_FALSE(overlays.is_root_mount({81}, first)) << "a mount ID is reused";
}

TEST(Overlays, IdentifyByAMountThatWasLearntBefore) {
  Overlays overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  overlays.add(overlay_of(second, 1, "b"), start);
  overlays.learn_mount({81}, first);
  EXPECT_EQ(owner(overlays, {pseudo, {1}, {81}}), "a");
  overlays.retire(first, start);
  EXPECT_EQ(owner(overlays, {pseudo, {1}, {81}}), "nobody") << "a mount ID is reused";
}

TEST(Overlays, NeverGiveAnEventToTheNextContainerOnTheSameDeviceNumber) {
  Overlays overlays;
  overlays.add(overlay_of(first, 1, "gone"), start);
  overlays.add(overlay_of(first, 2, "next"), start);
  EXPECT_EQ(owner(overlays, {first, {1}, {}}), "gone");
  EXPECT_EQ(owner(overlays, {first, {2}, {}}), "next");
}

TEST(Overlays, KeepARetiredOneUntilItExpires) {
  Overlays overlays;
  overlays.add(overlay_of(first, 1, "a"), start);
  overlays.retire(first, start + 1s);
  EXPECT_EQ(overlays.find(first), nullptr);
  EXPECT_EQ(owner(overlays, {first, {}, {}}), "a");
  overlays.expire(start + 1s);
  EXPECT_EQ(owner(overlays, {first, {1}, {}}), "a");
  overlays.expire(start + 2s);
  EXPECT_EQ(owner(overlays, {first, {1}, {}}), "nobody");
}

TEST(PathInOverlay, TakesTheHostsMountPointOff) {
  Overlay overlay;
  overlay.mount_point = "/run/c/rootfs";
  EXPECT_EQ(path_in_overlay(overlay, "/run/c/rootfs/tmp/x"), "/tmp/x");
  EXPECT_EQ(path_in_overlay(overlay, "/run/c/rootfs"), "/");
  EXPECT_EQ(path_in_overlay(overlay, "/run/c/rootfs2/x"), "/run/c/rootfs2/x");
  EXPECT_EQ(path_in_overlay(overlay, "/tmp/x"), "/tmp/x");
  overlay.mount_point.clear();
  EXPECT_EQ(path_in_overlay(overlay, "/tmp/x"), "/tmp/x");
}

}  // namespace
}  // namespace dropwarden::monitor
