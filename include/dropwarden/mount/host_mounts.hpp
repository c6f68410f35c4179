// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dropwarden/model/mount.hpp"

namespace dropwarden::mount {

// Where a file can be opened on the host.
struct HostPath {
  std::string mount_point;  // of the host's own mount
  std::string relative;     // below it
};

// What the mount table of the host says about the mounts of containers. A value; pure.
class HostMounts {
 public:
  HostMounts() = default;
  explicit HostMounts(std::vector<model::Mount> table);

  // Whether `root`, the root mount of a process, is the root of the host: such a process has not entered a
  // container's (yet), and what its table shows is the host's.
  bool is_host_root(const model::Mount& root) const;
  // Whether the superblock is mounted on the host for the host itself, and not only where a runtime or the
  // kubelet keeps what belongs to containers (`is_kept_for_containers`).
  bool is_used_by_host(const model::Device& device) const { return used_.contains(device); }
  // Whether the host itself lives on that superblock.
  bool is_root_device(const model::Device& device) const;
  bool has_overlay(const model::Device& device) const { return overlays_.contains(device); }
  // Whether `mount` is one of the host's own, of that superblock.
  bool holds(model::MountId mount, const model::Device& device) const;
  // Where a file can be reached on the host that a container sees at `path`, below `mount_point`, where it
  // has `root` of the file system on `device`. Only through mounts that show more of it than the container
  // has: one that shows just as much is the volume itself, which is unmounted with its last container, and an
  // open file would be in the way.
  std::vector<HostPath> find(const model::Device& device, std::string_view root, std::string_view mount_point,
                             std::string_view path) const;

  const std::vector<model::Mount>& table() const { return table_; }

 private:
  const model::Mount* root() const { return root_ ? &table_[*root_] : nullptr; }

  std::vector<model::Mount> table_;
  std::optional<std::size_t> root_;  // in the table: of several, the last, which covers the others
  std::unordered_map<model::MountId, model::Device> by_id_;
  std::unordered_set<model::Device> used_;
  std::unordered_set<model::Device> overlays_;
};

// Whether a mount point of the host is one where nothing but containers writes: the shared memory that a
// runtime mounts for a container or a pod (containerd `…/sandboxes/<id>/shm`, docker
// `…/containers/<id>/mounts/shm`, podman and CRI-O `…/userdata/shm`), and an emptyDir of the kubelet
// (`…/volumes/kubernetes.io~empty-dir/<name>`). By its text alone. Pure.
bool is_kept_for_containers(std::string_view mount_point);

}  // namespace dropwarden::mount
