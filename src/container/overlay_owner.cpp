// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/overlay_owner.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_set>

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

}  // namespace

std::unordered_map<model::Device, OverlayOwner> find_overlay_owners(const std::vector<OverlayClue>& overlays,
                                                                    const Snapshot& snapshot,
                                                                    const RootDevice& root_device) {
  const auto containers = by_precedence(snapshot);
  std::unordered_map<std::string_view, const model::Container*> by_upperdir;
  for (const auto* container : containers) {
    const auto upperdir = without_final_slash(container->upperdir);
    if (!upperdir.empty()) by_upperdir.emplace(upperdir, container);
  }

  std::unordered_map<model::Device, OverlayOwner> owners;
  for (const auto& overlay : overlays) {
    const auto found = by_upperdir.find(without_final_slash(overlay.upperdir));
    if (found != by_upperdir.end()) owners.try_emplace(overlay.device, found->second->id, Evidence::upperdir);
  }
  for (const auto& overlay : overlays) {
    if (!overlay.carried.value.empty())
      owners.try_emplace(overlay.device, overlay.carried, Evidence::mount_point);
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
    const auto device = root_device(container->init);
    if (device && left.erase(*device) != 0) owners.try_emplace(*device, container->id, Evidence::init_root);
  }
  return owners;
}

}  // namespace dropwarden::container
