// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/container.hpp"
#include "dropwarden/model/ids.hpp"

namespace dropwarden::container {

// An overlay of the host's mount table, as far as the table tells whose it is. One per mount: a device that
// is mounted twice has two.
struct OverlayClue {
  model::Device device;
  std::string upperdir;        // host path; empty where it is unknown or could not be resolved
  model::ContainerId carried;  // that the mount point names; empty where it names none
};

// How it is known.
enum class Evidence {
  mount_point,  // the runtime mounted it at a path with the container's ID
  later_mount,  // the same, but it had been mounted elsewhere before: a container may have done it
  upperdir,     // a runtime told the upperdir, and the kernel shows nothing else
  init_root,    // the root of the container's first process is on it
};

struct OverlayOwner {
  model::ContainerId id;  // empty where it is told to be several containers', and the kernel shows it of none
  Evidence evidence = Evidence::init_root;
  model::ContainerId denied{};  // that a runtime told has it, and has not; empty where nobody told that

  friend bool operator==(const OverlayOwner&, const OverlayOwner&) = default;
};

// Device that the root directory of a container's first process is on; nothing when it has ended, is another
// container's, or its root is no overlay.
using RootDevice = std::function<std::optional<model::Device>(const model::Container&)>;
struct RootDevices {
  RootDevice seen;  // when it was looked at last; asks nobody
  RootDevice now;   // by its own mountinfo; reads /proc
};

// Which container each overlay is the root of; one that is missing in the answer has no owner yet. Sandboxes
// count as containers. `overlays` are in the order of the mount table.
//
// What a runtime tells has to agree with the kernel. Before it goes the ID in the mount point of the first
// mount of an overlay, which needs no container in the snapshot: the mount comes first. (A later one may be a
// bind mount that a container has made: its ID counts only where nothing is told.) Where several containers
// are told to have an overlay, or another one's first process was seen there, it is that one's of those told
// whose own first process is there, else that one's whose first process is, else of several told nobody's.
// So a process that has entered another's root takes nothing from the one that is told to have it and is
// there itself.
//
// `now` is asked only of who is concerned by such a contradiction and, while an overlay is left without an
// owner, of the containers that own none. Of two containers with the same evidence the one with better
// metadata owns it, then the one with the lesser ID, so that the answer never depends on an order.
//
// Evidence::init_root is only as good as the init: a container that sees another's root may enter it.
std::unordered_map<model::Device, OverlayOwner> find_overlay_owners(const std::vector<OverlayClue>& overlays,
                                                                    const Snapshot& snapshot,
                                                                    const RootDevices& roots);

}  // namespace dropwarden::container
