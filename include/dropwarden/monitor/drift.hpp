// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/layer/scanner.hpp"
#include "dropwarden/model/container.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/policy/engine.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// What a container has written, on the host.
struct WritableLayer {
  model::ContainerId container;  // empty where it is not known
  model::OverlayLayers layers;   // without upperdir there is nothing to scan: a read-only root
  // A directory of the host that shows the overlay; empty where it is not mounted, since the container is
  // stopped, and where nobody may look through it.
  std::string merged;
};

struct WritableLayers {
  std::vector<WritableLayer> layers;
  // Of containers whose overlay only a process shows, by their IDs: why it is not scanned. Escaped.
  std::map<std::string, std::string> problems;
  std::shared_ptr<const layer::ReadableMounts> mounts;
};

// The layers of all overlays that are a container's root, and those that a runtime tells of containers whose
// overlay is not mounted. Throws sys::SystemError when the mount table cannot be read.
WritableLayers find_writable_layers(privilege::Privilege& privilege,
                                    const std::shared_ptr<const container::Snapshot>& snapshot);

struct DriftSettings {
  config::Watch watch;
  config::Classify classify;
  std::string node;
  std::shared_ptr<const policy::Engine> policy = std::make_shared<const policy::Engine>();
};

// How the scan of one layer went.
struct LayerDrift {
  std::uint64_t entries = 0;
  std::uint64_t findings = 0;
  std::uint64_t excepted = 0;         // findings besides that an exception covers: they are not told
  std::vector<std::string> problems;  // why it is incomplete, escaped; empty: it is complete
};

struct DriftHandlers {
  std::function<void(const model::Finding&)> on_finding;
  std::function<void(const layer::ScanResult&)> on_progress;  // after each step
};

// Scans one layer and tells each executable that is not the image's own as a finding, final, of no known
// process. While the layer changes under the scan, what has changed meanwhile is scanned again, a few times.
//
// The id is that of the same drop as an event gives it, where the inode is known that the overlay shows:
// while the overlay is mounted. Of a stopped container it is the upper directory's inode, which is the same
// for new files of an overlay whose layers are on one file system, and may differ for others. Waits for
// disks.
LayerDrift scan_layer(privilege::Privilege& privilege, const WritableLayer& layer,
                      const std::shared_ptr<const layer::ReadableMounts>& mounts,
                      const model::Container& container, const DriftSettings& settings,
                      const DriftHandlers& handlers);

}  // namespace dropwarden::monitor
