// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/survey.hpp"

#include <utility>

#include "container_mounts.hpp"
#include "mount_table.hpp"
#include "overlay_view.hpp"

namespace dropwarden::monitor {

std::vector<WatchedMount> survey_mounts(privilege::Privilege& privilege, const config::Watch& watch,
                                        std::shared_ptr<const container::Snapshot> snapshot) {
  OverlayView view(privilege);
  ContainerMounts others(privilege);
  others.set_options(judge_options(watch));
  if (const auto table = read_mount_table(privilege)) {
    view.on_table(*table);
    others.on_table(*table);
  }
  others.on_containers(snapshot);
  const auto readings = others.read_due(ContainerMounts::Clock::now(), snapshot->containers.size());
  const auto now = OverlayView::Clock::now();
  view.on_containers(std::move(snapshot), now);
  const auto owners = view.look_for_owners(now);
  std::vector<WatchedMount> found;
  for (const auto& [device, target] : view.targets(owners)) {
    WatchedMount overlay;
    overlay.device = device;
    overlay.mount_point = target.mount_point;
    overlay.init = target.init;
    if (const auto owner = owners.find(device); owner != owners.end()) overlay.container = owner->second.id;
    found.push_back(std::move(overlay));
  }
  for (const auto& reading : readings) {
    for (const mount::JudgedMount& judged : reading.mounts) found.push_back(to_watched(judged, reading));
  }
  return found;
}

}  // namespace dropwarden::monitor
