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

// How it is known, best first.
enum class Evidence {
  upperdir,     // a runtime told the upperdir
  mount_point,  // the runtime mounted it at a path with the container's ID
  init_root,    // the root of the container's first process is on it
};

struct OverlayOwner {
  model::ContainerId id;
  Evidence evidence = Evidence::init_root;

  friend bool operator==(const OverlayOwner&, const OverlayOwner&) = default;
};

// Device that the root directory of a process is on, by its own mountinfo; nothing when it has ended or its
// root is no overlay. Reads /proc.
using RootDevice = std::function<std::optional<model::Device>(model::Pid)>;

// Which container each overlay is the root of; one that is missing in the answer has no owner yet. Sandboxes
// count as containers. An ID that the mount point carries needs no container in the snapshot: the mount comes
// first. Asks `root_device` only while an overlay is left without an owner, and only for the containers that
// own none. Of two containers with the same evidence the one with better metadata owns it, then the one with
// the lesser ID, so that the answer never depends on an order.
//
// Evidence::init_root is only as good as the init: a container with the host's privileges can enter another's
// root.
std::unordered_map<model::Device, OverlayOwner> find_overlay_owners(const std::vector<OverlayClue>& overlays,
                                                                    const Snapshot& snapshot,
                                                                    const RootDevice& root_device);

}  // namespace dropwarden::container
