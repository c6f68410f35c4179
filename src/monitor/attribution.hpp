// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "first_cgroups.hpp"
#include "open_findings.hpp"
#include "process_reader.hpp"

namespace dropwarden::monitor {

// Says whose a file is: the container comes from the mount, never from a pid alone. Loop's thread only.
class Attribution {
 public:
  Attribution(privilege::Privilege& privilege, WatchedMounts& overlays);

  void on_containers(std::shared_ptr<const container::Snapshot> snapshot) {
    cgroups_.on_containers(snapshot);
    snapshot_ = std::move(snapshot);
  }

  // FirstCgroups::believes.
  bool believes(const container::CgroupOwner& owner) const { return cgroups_.believes(owner); }

  // Where no runtime has told yet whose the overlay is, its writer may: when the root of the process is that
  // very overlay, the container that its cgroup names is the overlay's. A host process that writes into a
  // container has another root, and names nobody. True when that was news.
  bool learn_from_writer(const EventIdentity& identity, const ProcessReader::Answer& writer);
  bool is_identified(const EventIdentity& identity) const;

  // The container that a process is in, by its cgroup; nothing for one of the host, or that is gone. What it
  // wrote may lie in another.
  std::optional<model::ContainerId> container_of(model::Pid pid) const;

  // Fills in the container as known now and says what of it is still to come.
  OpenFindings::ContainerAwaited resolve(model::Finding& finding, const EventIdentity& identity) const;

 private:
  // All that is known of it by its ID, and its runtime by the writer's cgroup where no source tells it.
  void learn_container(model::Container& container, const model::ProcessInfo& writer, bool is_printed) const;
  // Says of the writer whether it belongs to the container, and takes a number from it that is not its own
  // there.
  void place_writer(model::ProcessInfo& writer, const model::Container& container) const;
  model::Belonging belonging_of(const model::ProcessInfo& writer, const model::Container& container) const;
  // Who may tell more of this container, of which not all is known.
  MetadataFrom metadata_from(const model::ContainerId& id) const;
  // By the name of a cgroup; and of a process's only where that is believed.
  std::optional<container::CgroupOwner> named_owner(std::string_view cgroup) const;
  std::optional<container::CgroupOwner> owner_of(const model::ProcessInfo& process) const;

  privilege::Privilege& privilege_;
  WatchedMounts& overlays_;
  FirstCgroups cgroups_{privilege_};
  std::vector<container::CgroupOwner> enclosing_;  // what dropwarden's own node runs in, as in kind
  // The last text that was asked of: who drops many files is asked of for each, more than once.
  mutable std::string named_in_;
  mutable std::optional<container::CgroupOwner> named_;
  std::shared_ptr<const container::Snapshot> snapshot_ = std::make_shared<const container::Snapshot>();
};

}  // namespace dropwarden::monitor
