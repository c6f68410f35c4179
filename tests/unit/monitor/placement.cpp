// SPDX-License-Identifier: Apache-2.0
#include "monitor/placement.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

constexpr model::Device device{0, 69};

WatchedMount overlay_of(const char* container) {
  WatchedMount overlay;
  overlay.device = device;
  overlay.container = {container};
  overlay.coverage = mount::Coverage::file_system;
  return overlay;
}

// The finding waits, for its hash or its image, while the container is removed and the next one starts.
TEST(Placement, SettlesAnEventOfAnOverlayWhileItsNumbersHold) {
  const WatchedMounts::Clock::time_point now{};
  WatchedMounts mounts;
  const mount::HostMounts host;
  Placement placement(mounts, host, {});
  mounts.add(overlay_of("gone"), now);
  Hit hit;
  hit.file.path = "/tmp/file";
  hit.identity.device = device;
  ASSERT_EQ(placement.place(hit), std::nullopt);
  mounts.retire(device, now);
  mounts.add(overlay_of("next"), now);
  const WatchedMount* const its_own = mounts.identify(hit.identity);
  ASSERT_NE(its_own, nullptr);
  EXPECT_EQ(its_own->container.value, "gone");
}

}  // namespace
}  // namespace dropwarden::monitor
