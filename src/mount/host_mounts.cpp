// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/host_mounts.hpp"

#include <optional>
#include <utility>

#include "path.hpp"

namespace dropwarden::mount {
HostMounts::HostMounts(std::vector<model::Mount> table) : table_(std::move(table)) {
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const model::Mount& mount = table_[i];
    if (mount.mount_point == "/") root_ = i;
    by_id_.insert_or_assign(mount.id, mount.device);
    if (mount.file_system == "overlay") overlays_.insert(mount.device);
    if (!is_kept_for_containers(mount.mount_point)) used_.insert(mount.device);
  }
}

bool HostMounts::is_host_root(const model::Mount& root) const {
  const model::Mount* own = this->root();
  return own != nullptr && own->device == root.device && own->root == root.root;
}

bool HostMounts::is_root_device(const model::Device& device) const {
  const model::Mount* own = root();
  return own != nullptr && own->device == device;
}

bool HostMounts::holds(model::MountId mount, const model::Device& device) const {
  const auto found = by_id_.find(mount);
  return found != by_id_.end() && found->second == device;
}

std::vector<HostPath> HostMounts::find(const model::Device& device, std::string_view root,
                                       std::string_view mount_point, std::string_view path) const {
  std::vector<HostPath> found;
  const auto in_mount = path_below(path, mount_point);
  if (!in_mount) return found;
  const std::string in_file_system = std::string(root == "/" ? "" : root) + std::string(*in_mount);
  for (const model::Mount& candidate : table_) {
    const bool shows_more = path_below(root, candidate.root).value_or("").size() > 1;
    if (candidate.device != device || !shows_more) continue;
    const auto relative = path_below(in_file_system, candidate.root);
    if (relative) found.push_back({candidate.mount_point, std::string(*relative)});
  }
  return found;
}

bool is_kept_for_containers(std::string_view mount_point) {
  const std::string_view parent = parent_of(mount_point);
  if (name_in(parent) == "kubernetes.io~empty-dir") return name_in(parent_of(parent)) == "volumes";
  if (name_in(mount_point) != "shm") return false;
  const bool is_docker = name_in(parent) == "mounts" && name_in(parent_of(parent_of(parent))) == "containers";
  const bool is_containerd = name_in(parent_of(parent)) == "sandboxes";
  const bool is_podman =
      name_in(parent) == "userdata" && name_in(parent_of(parent_of(parent))) == "overlay-containers";
  return is_docker || is_containerd || is_podman;
}

}  // namespace dropwarden::mount
