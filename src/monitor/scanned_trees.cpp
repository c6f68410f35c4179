// SPDX-License-Identifier: Apache-2.0
#include "scanned_trees.hpp"

#include <fmt/format.h>

namespace dropwarden::monitor {

bool is_scanned(const WatchedMount& mount) {
  if (!mount.is_marked() && !mount.is_failed) return false;
  if (mount.type == "overlay") return mount.is_overlay() && !mount.layers.upperdir.empty();
  if (mount.belongs_to_others) return false;
  // A root that is no overlay holds the image itself, and nothing tells what of it is new.
  return mount.place != model::Place::rootfs;
}

std::string name_of_tree(const WatchedMount& mount) {
  if (mount.is_overlay()) return "overlay:" + mount.layers.upperdir;
  return fmt::format("{}:{}:{}:{}", name_of(mount.place), mount.device.major, mount.device.minor, mount.root);
}

ScannedTrees find_trees(const std::list<WatchedMount>& mounts) {
  ScannedTrees trees;
  for (const WatchedMount& mount : mounts) {
    if (!is_scanned(mount)) continue;
    ScannedTree& tree = trees[name_of_tree(mount)];
    const bool is_of_host = mount.is_overlay() && !mount.mount_point.empty();
    if (tree.is_of_host && !is_of_host) continue;
    if (is_of_host && !tree.is_of_host) tree = {};
    tree.is_of_host = is_of_host;
    tree.serials.push_back(mount.serial);
    if (mount.is_late) tree.late.insert(mount.serial);
    if (!mount.container.value.empty()) tree.containers.insert(mount.container.value);
    tree.is_overlay = mount.is_overlay();
    tree.is_failed = tree.is_failed || mount.is_failed;
  }
  return trees;
}

}  // namespace dropwarden::monitor
