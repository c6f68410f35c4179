// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "dropwarden/config/config.hpp"
#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/model/disposition.hpp"
#include "dropwarden/model/process.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/mount/coverage.hpp"

#include "examine.hpp"

namespace dropwarden::monitor {

// Says where a file lies: in which of a container's mounts, and how the container names it. Loop's thread
// only.
class Placement {
 public:
  Placement(WatchedMounts& mounts, const mount::HostMounts& host, const config::Watch& settings)
      : mounts_(mounts), host_(host), settings_(settings) {}

  void reconfigure(const config::Watch& settings) { settings_ = settings; }

  // Fills in place and path, and settles the identity, while the event's descriptor still holds what its
  // numbers mean; how the event has ended when the file is nowhere that matters.
  std::optional<model::Disposition> place(Hit& hit);

  // The same for a file that was found in `mount` by another way than an event of it; its path is the
  // container's already.
  std::optional<model::Disposition> place_in(const WatchedMount& mount, Hit& hit) const;

  // Of several containers that share the file system, by a mount that is not known, the writer's own. Of who
  // owns its cgroup only those that are believed.
  void settle(EventIdentity& identity, const model::ProcessInfo& writer,
              const std::function<bool(const container::CgroupOwner&)>& believes) const;

 private:
  bool is_outside(const EventIdentity& identity);
  bool is_wanted(model::Place place) const;

  WatchedMounts& mounts_;
  const mount::HostMounts& host_;
  config::Watch settings_;
};

}  // namespace dropwarden::monitor
