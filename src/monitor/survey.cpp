// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/survey.hpp"

#include <utility>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

#include "overlay_view.hpp"

namespace dropwarden::monitor {
namespace {

constexpr std::size_t max_table = std::size_t{16} << 20U;

}  // namespace

std::vector<Overlay> survey_overlays(privilege::Privilege& privilege,
                                     std::shared_ptr<const container::Snapshot> snapshot) {
  OverlayView view(privilege);
  if (const auto table = privilege.open_mount_table()) {
    if (const auto text = sys::read_file(table->number(), max_table, "mountinfo")) {
      view.on_table(mount::parse_mountinfo(*text));
    }
  }
  view.on_containers(std::move(snapshot));
  const auto owners = view.owners();
  std::vector<Overlay> overlays;
  for (const auto& [device, target] : view.targets(owners)) {
    Overlay overlay;
    overlay.device = device;
    overlay.mount_point = target.mount_point;
    overlay.init = target.init;
    if (const auto owner = owners.find(device); owner != owners.end()) overlay.container = owner->second.id;
    overlays.push_back(std::move(overlay));
  }
  return overlays;
}

}  // namespace dropwarden::monitor
