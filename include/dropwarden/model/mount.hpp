// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/util/shared_text.hpp"

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
  // Of the superblock, as printed: still escaped, see `parse_overlay_layers`. The layers of an image may take
  // 4 KiB, and several parts hold the whole table.
  util::SharedText super_options;

  friend bool operator==(const Mount&, const Mount&) = default;
};

// A directory, whatever it is called.
struct Directory {
  Device device;
  std::uint64_t inode = 0;

  friend auto operator<=>(const Directory&, const Directory&) = default;
};

// Where an overlay keeps its files, host paths, absolute where they could be resolved.
struct OverlayLayers {
  std::string upperdir;  // empty: read-only overlay
  // Of an overlay that only a process shows: the directory that it writes to. The path is the word of whoever
  // mounted it, and leads wherever he likes by now; another directory there is not the container's. One
  // without an inode: it is not known, and no directory is.
  std::optional<Directory> upper{};
  std::string workdir;
  std::vector<std::string> lowerdirs;  // uppermost first
  std::size_t data_only = 0;           // of the lowerdirs, the last ones: no name is looked up in them
  bool has_user_attributes = false;    // mark their files by `user.overlay.*`, not `trusted.overlay.*`

  friend bool operator==(const OverlayLayers&, const OverlayLayers&) = default;
};

}  // namespace dropwarden::model
