// SPDX-License-Identifier: Apache-2.0
#include "host_table.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "dropwarden/mount/table.hpp"

#include "path.hpp"

namespace dropwarden::mount {

HostTable::HostTable(std::vector<model::Mount> table) : mounts_(std::move(table)) {
  for (std::size_t i = 0; i < mounts_.table().size(); ++i) {
    const model::Mount& mount = mounts_.table()[i];
    by_id_.insert_or_assign(mount.id.value, i);
    devices_.insert(mount.device);
    if (is_container_overlay(mount)) append_layers(mount);
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

void HostTable::append_layers(const model::Mount& mount) {
  auto parsed = parse_overlay_layers(mount);
  if (!parsed) return;
  layers_.push_back(std::move(parsed->upperdir));
  std::ranges::move(parsed->lowerdirs, std::back_inserter(layers_));
}

}  // namespace dropwarden::mount
