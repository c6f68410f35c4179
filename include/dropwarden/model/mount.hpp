// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dropwarden/model/ids.hpp"

namespace dropwarden::model {

// One line of mountinfo (proc(5)), unescaped: raw bytes.
struct Mount {
  MountId id;
  MountId parent;
  Device device;
  std::string root;               // what of the file system is mounted here
  std::string mount_point;        // seen from the root of the process whose mountinfo it is
  std::string options;            // per mount
  std::vector<std::string> tags;  // `shared:N`, `master:N`, …
  std::string file_system;        // `overlay`, `tmpfs`, …
  std::string source;
  std::string super_options;  // of the superblock, as printed: still escaped, see `parse_overlay_layers`

  friend bool operator==(const Mount&, const Mount&) = default;
};

// Where an overlay keeps its files, host paths, absolute where they could be resolved.
struct OverlayLayers {
  std::string upperdir;  // empty: read-only overlay
  std::string workdir;
  std::vector<std::string> lowerdirs;  // uppermost first
  std::size_t data_only = 0;           // of the lowerdirs, the last ones: no name is looked up in them
  bool has_user_attributes = false;    // mark their files by `user.overlay.*`, not `trusted.overlay.*`

  friend bool operator==(const OverlayLayers&, const OverlayLayers&) = default;
};

}  // namespace dropwarden::model
