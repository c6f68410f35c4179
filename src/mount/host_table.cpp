// SPDX-License-Identifier: Apache-2.0
#include "host_table.hpp"

#include <utility>

#include "dropwarden/mount/table.hpp"

#include "path.hpp"

namespace dropwarden::mount {

namespace {

HostTable::Layers read_layers(const model::Mount& mount) {
  auto parsed = parse_overlay_layers(mount);
  if (!parsed) return nullptr;
  std::vector<std::string> layers = std::move(parsed->lowerdirs);
  layers.insert(layers.begin(), std::move(parsed->upperdir));
  return std::make_shared<const std::vector<std::string>>(std::move(layers));
}

}  // namespace

HostTable::HostTable(std::vector<model::Mount> table, const HostTable* before) : mounts_(std::move(table)) {
  for (std::size_t i = 0; i < mounts_.table().size(); ++i) {
    const model::Mount& mount = mounts_.table()[i];
    by_id_.insert_or_assign(mount.id.value, i);
    devices_.insert(mount.device);
    if (!is_container_overlay(mount)) continue;
    Layers layers = before != nullptr ? before->known_layers(mount) : nullptr;
    if (!layers) layers = read_layers(mount);
    if (layers) layers_.insert_or_assign(mount.id.value, std::move(layers));
  }
}

const model::Mount* HostTable::find(std::uint64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &mounts_.table()[found->second];
}

const model::Mount* HostTable::nearest(std::string_view path) const {
  const model::Mount* nearest = nullptr;
  for (const model::Mount& mount : mounts_.table()) {
    const bool is_nearer = nearest == nullptr || mount.mount_point.size() >= nearest->mount_point.size();
    if (is_nearer && path_below(path, mount.mount_point)) nearest = &mount;
  }
  return nearest;
}

HostTable::Layers HostTable::known_layers(const model::Mount& mount) const {
  const auto known = layers_.find(mount.id.value);
  const model::Mount* same = find(mount.id.value);
  return known != layers_.end() && same != nullptr && *same == mount ? known->second : nullptr;
}

bool HostTable::has_same_layers(std::uint64_t id, const Layers& layers) const {
  const auto known = layers_.find(id);
  return known != layers_.end() && known->second == layers;
}

}  // namespace dropwarden::mount
