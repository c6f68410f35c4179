// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/model/container.hpp"
#include "dropwarden/monitor/drift.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/mount/host_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::monitor {

// What a running container can write to beside its root: a volume or a tmpfs.
struct WritableVolume {
  WatchedMount mount;
  std::vector<mount::HostPath> host;  // where the host has it
  util::WallTime since{};             // what is older was there before the container; the epoch: nothing was
};

// Each tree of files once: one that several containers share is the first one's.
std::vector<WritableVolume> find_writable_volumes(privilege::Privilege& privilege, const config::Watch& watch,
                                                  const std::shared_ptr<const container::Snapshot>& snapshot);

// As scan_layer, for a volume: the origin of what it holds is unknown.
LayerDrift scan_volume(privilege::Privilege& privilege, const WritableVolume& volume,
                       const std::shared_ptr<const layer::ReadableMounts>& mounts,
                       const model::Container& container, const DriftSettings& settings,
                       const DriftHandlers& handlers);

}  // namespace dropwarden::monitor
