// SPDX-License-Identifier: Apache-2.0
#include "placement.hpp"

#include <algorithm>
#include <linux/magic.h>

namespace dropwarden::monitor {
namespace {

model::Place place_of_type(std::uint64_t type) {
  if (type == overlay_magic) return model::Place::rootfs;
  return type == TMPFS_MAGIC || type == RAMFS_MAGIC ? model::Place::tmpfs : model::Place::volume;
}

}  // namespace

bool Placement::is_outside(const EventIdentity& identity) {
  if (identity.type == overlay_magic || !host_.holds(identity.mount, identity.device)) return false;
  const WatchedMount* mount = mounts_.identify(identity);
  return mount == nullptr || mount->mount != identity.mount;
}

std::optional<model::Disposition> Placement::place(Hit& hit) {
  // The shared memory of a pod, written by the host itself.
  if (is_outside(hit.identity)) return model::Disposition::outside_containers;
  model::FileFacts& file = hit.file;
  const WatchedMount* mount = mounts_.identify(hit.identity);
  file.place = mount == nullptr ? place_of_type(hit.identity.type) : mount->place;
  if (!is_wanted(file.place)) return model::Disposition::excepted;
  if (mount == nullptr) return std::nullopt;
  hit.identity.serial = mount->serial;
  if (file.path_state == model::PathState::too_long) return std::nullopt;
  // Who writes through the host's mount point, or in a mount namespace where that is still the way, has it
  // in front.
  file.path = path_in_container(*mount, file.path);
  if (!mount->is_overlay() && mount->mount == hit.identity.mount)
    file.path = path_through_mount(*mount, file.path);
  return std::nullopt;
}

std::optional<model::Disposition> Placement::place_in(const WatchedMount& mount, Hit& hit) const {
  hit.file.place = mount.place;
  if (!is_wanted(mount.place)) return model::Disposition::excepted;
  hit.identity = {.device = mount.device,
                  .file_system = mount.file_system,
                  .mount = mount.mount,
                  .type = mount.is_overlay() ? overlay_magic : hit.identity.type,
                  .serial = mount.serial};
  return std::nullopt;
}

// A mark outlives the switch that it was set for.
bool Placement::is_wanted(model::Place place) const {
  if (place == model::Place::rootfs) return true;
  return place == model::Place::tmpfs ? settings_.tmpfs : settings_.volumes;
}

void Placement::settle(EventIdentity& identity, const model::ProcessInfo& writer,
                       const std::function<bool(const container::CgroupOwner&)>& believes) const {
  if (identity.serial != 0 || identity.type == overlay_magic) return;
  const auto candidates = mounts_.candidates(identity);
  for (const auto& owner : container::parse_process_owners(writer.cgroup)) {
    if (std::ranges::find(candidates, owner.id) == candidates.end() || !believes(owner)) continue;
    return mounts_.settle(identity, owner.id);
  }
}

}  // namespace dropwarden::monitor
