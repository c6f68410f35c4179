// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dropwarden/model/mount.hpp"
#include "dropwarden/mount/host_mounts.hpp"

namespace dropwarden::mount {

// The host's mount table as it was read, and what is looked up in it. A value; pure.
class HostTable {
 public:
  using Layers = std::shared_ptr<const std::vector<std::string>>;

  // `before`, which may be null: an older reading, whose mounts need not be looked at again.
  explicit HostTable(std::vector<model::Mount> table, const HostTable* before = nullptr);

  const HostMounts& mounts() const { return mounts_; }
  // Of all overlays but the host's own root, by the mount.
  const std::unordered_map<std::uint64_t, Layers>& layers() const { return layers_; }
  // Whether this reading has that mount, and took its layers from the same one.
  bool has_same_layers(std::uint64_t id, const Layers& layers) const;
  bool has_device(const model::Device& device) const { return devices_.contains(device); }
  bool is_container_overlay(const model::Mount& mount) const {
    return mount.file_system == "overlay" && !mounts_.is_root_device(mount.device);
  }
  const model::Mount* find(std::uint64_t id) const;
  // The mount that `path` lies on, by its text alone.
  const model::Mount* nearest(std::string_view path) const;

 private:
  Layers known_layers(const model::Mount& mount) const;

  HostMounts mounts_;
  std::unordered_map<std::uint64_t, std::size_t> by_id_;
  std::unordered_set<model::Device> devices_;
  std::unordered_map<std::uint64_t, Layers> layers_;
};

}  // namespace dropwarden::mount
