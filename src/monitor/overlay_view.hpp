// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dropwarden/container/overlay_owner.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/watch/plan.hpp"

namespace dropwarden::monitor {

// The overlays that are the root of a container, by two views that complete each other: the host's mount
// table, which shows an overlay before the container's first instruction, and the containers' processes,
// which reach those that the table does not show. Loop's thread only.
class OverlayView {
 public:
  explicit OverlayView(privilege::Privilege& privilege) : privilege_(privilege) {}

  void on_table(const std::vector<model::Mount>& table);
  void on_containers(std::shared_ptr<const container::Snapshot> snapshot);

  // The process has ended.
  void forget(model::Pid init);
  // Whether a process of this container is known.
  bool has_process(const model::ContainerId& container) const { return roots_.contains(container.value); }

  using Owners = std::unordered_map<model::Device, container::OverlayOwner>;

  // Each overlay once, reached through the host's table where it is there. Without those that are foreign.
  std::unordered_map<model::Device, watch::Target> targets(const Owners& owners) const;
  // Overlays in the host's table that nobody owns and whose upper directory is not on this host: a container
  // mounted them itself, in a volume that propagates its mounts to the host. Their layers may be a file
  // system that hangs, which a mark would let the container do to us.
  std::vector<const model::Mount*> foreign(const Owners& owners) const;
  // The mount of a target, null when there is no such target any more.
  const model::Mount* mount_of(const watch::Target& target) const;
  Owners owners() const;
  // The mounts that containers see as their root.
  std::vector<const model::Mount*> roots() const;

 private:
  // The root of a container as its init sees it.
  struct Root {
    model::Pid init;
    std::optional<model::Mount> mount;  // nothing when it could not be read, or is no overlay
  };

  std::optional<model::Device> read_root_device(model::Pid init) const;

  privilege::Privilege& privilege_;
  struct HostOverlay {
    model::Mount mount;
    model::OverlayLayers layers;
    bool is_upperdir_here = false;
  };
  HostOverlay look_at(const model::Mount& mount) const;
  static bool is_foreign(const HostOverlay& overlay, const Owners& owners);

  std::vector<HostOverlay> host_overlays_;
  std::optional<model::Device> host_root_;
  std::unordered_map<std::string, Root> roots_;  // by container ID
  std::shared_ptr<const container::Snapshot> snapshot_ = std::make_shared<const container::Snapshot>();
};

}  // namespace dropwarden::monitor
