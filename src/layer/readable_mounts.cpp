// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/readable_mounts.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "dropwarden/util/text.hpp"

namespace dropwarden::layer {
namespace {

constexpr std::array<std::string_view, 14> local_file_systems{
    "bcachefs", "btrfs", "erofs",    "ext2",     "ext3",  "ext4", "f2fs",
    "jfs",      "ramfs", "reiserfs", "squashfs", "tmpfs", "xfs",  "zfs"};

// EROFS over fscache: nydus, `fsid=`, and its blocks come from a daemon on demand.
bool is_fetched_on_demand(std::string_view super_options) {
  while (!super_options.empty()) {
    if (util::take_until(super_options, ',').starts_with("fsid=")) return true;
  }
  return false;
}

}  // namespace

bool is_readable(const model::Mount& mount) {
  return std::ranges::find(local_file_systems, mount.file_system) != local_file_systems.end() &&
         !is_fetched_on_demand(mount.super_options);
}

ReadableMounts::ReadableMounts(const std::vector<model::Mount>& table) {
  for (const model::Mount& mount : table) {
    if (!is_readable(mount)) continue;
    mounts_.insert(mount.id);
    points_.insert_or_assign(mount.mount_point, mount.id);
  }
}

std::optional<model::MountId> ReadableMounts::find(std::string_view path) const {
  if (!path.starts_with('/')) return std::nullopt;
  for (; !path.empty(); path = path.substr(0, path.rfind('/'))) {
    const auto point = points_.find(path);
    if (point != points_.end()) return point->second;
  }
  const auto root = points_.find("/");
  return root != points_.end() ? std::optional(root->second) : std::nullopt;
}

}  // namespace dropwarden::layer
