// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/overlay_owner.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "merge.hpp"

namespace dropwarden::container {
namespace {

// The containers, those first that own an overlay where others could as well.
std::vector<const model::Container*> by_precedence(const Snapshot& snapshot) {
  std::vector<const model::Container*> containers;
  containers.reserve(snapshot.containers.size());
  for (const auto& [id, container] : snapshot.containers) containers.push_back(container.get());
  std::ranges::sort(containers, {}, [](const model::Container* container) {
    return std::tuple(-rank_of(container->metadata), std::string_view(container->id.value));
  });
  return containers;
}

std::string_view without_final_slash(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

using Containers = std::vector<const model::Container*>;
using Owners = std::unordered_map<model::Device, OverlayOwner>;

// Whom the mount names that was there first, which the runtime made.
Owners carried_by_first_mounts(const std::vector<OverlayClue>& overlays) {
  Owners owners;
  std::unordered_set<model::Device> met;
  for (const auto& overlay : overlays) {
    if (met.insert(overlay.device).second && !overlay.carried.value.empty())
      owners.try_emplace(overlay.device, overlay.carried, Evidence::mount_point);
  }
  return owners;
}

// The containers that are told to have each overlay, each once.
std::unordered_map<model::Device, Containers> find_claims(const std::vector<OverlayClue>& overlays,
                                                          const Containers& containers) {
  std::unordered_map<std::string_view, Containers> by_upperdir;
  for (const auto* container : containers) {
    const auto upperdir = without_final_slash(container->upperdir);
    if (!upperdir.empty()) by_upperdir[upperdir].push_back(container);
  }
  std::unordered_map<model::Device, Containers> claims;
  for (const auto& overlay : overlays) {
    const auto found = by_upperdir.find(without_final_slash(overlay.upperdir));
    if (found != by_upperdir.end()) claims.try_emplace(overlay.device, found->second);
  }
  return claims;
}

// Those whose first processes were seen on each overlay.
std::unordered_map<model::Device, Containers> find_seen(const Containers& containers,
                                                        const RootDevices& roots) {
  std::unordered_map<model::Device, Containers> seen;
  for (const auto* container : containers) {
    if (container->init.value == 0) continue;
    if (const auto device = roots.seen(*container)) seen[*device].push_back(container);
  }
  return seen;
}

// `claimants` is not empty, `others` have been seen there.
OverlayOwner judge(const model::Device& device, const Containers& claimants, Containers others,
                   const RootDevices& roots) {
  std::erase_if(others,
                [&](const auto* one) { return std::ranges::find(claimants, one) != claimants.end(); });
  OverlayOwner told{claimants.front()->id, Evidence::upperdir};
  if (claimants.size() == 1 && others.empty()) return told;
  for (const auto* claimant : claimants) {
    if (claimant->init.value == 0) continue;
    // One that has gone to a directory (chroot(2)) shows no root any more.
    const auto root = roots.now(*claimant);
    if ((root ? root : roots.seen(*claimant)) != device) continue;
    OverlayOwner owner{claimant->id, Evidence::upperdir};
    if (claimants.size() > 1) owner.denied = claimants[claimants.front() == claimant ? 1 : 0]->id;
    return owner;
  }
  for (const auto* other : others) {
    if (roots.now(*other) == device) return {other->id, Evidence::init_root, told.id};
  }
  if (claimants.size() == 1) return told;
  return {{}, Evidence::upperdir, told.id};
}

}  // namespace

Owners find_overlay_owners(const std::vector<OverlayClue>& overlays, const Snapshot& snapshot,
                           const RootDevices& roots) {
  const auto containers = by_precedence(snapshot);
  auto owners = carried_by_first_mounts(overlays);
  const auto claims = find_claims(overlays, containers);
  auto seen = find_seen(claims.empty() ? Containers{} : containers, roots);
  for (const auto& [device, claimants] : claims) {
    const auto carried = owners.find(device);
    if (carried == owners.end()) {
      owners.emplace(device, judge(device, claimants, std::move(seen[device]), roots));
      continue;
    }
    const auto wrong = std::ranges::find_if(
        claimants, [&](const auto* claimant) { return claimant->id != carried->second.id; });
    if (wrong != claimants.end()) carried->second.denied = (*wrong)->id;
  }
  for (const auto& overlay : overlays) {
    if (!overlay.carried.value.empty())
      owners.try_emplace(overlay.device, overlay.carried, Evidence::later_mount);
  }

  std::unordered_set<model::Device> left;
  for (const auto& overlay : overlays) {
    if (!owners.contains(overlay.device)) left.insert(overlay.device);
  }
  std::unordered_set<std::string_view> settled;
  for (const auto& [device, owner] : owners) settled.insert(owner.id.value);
  for (const auto* container : containers) {
    if (left.empty()) break;
    if (container->init.value == 0 || settled.contains(container->id.value)) continue;
    const auto device = roots.now(*container);
    if (device && left.erase(*device) != 0) owners.try_emplace(*device, container->id, Evidence::init_root);
  }
  return owners;
}

}  // namespace dropwarden::container
