// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::layer {

// A name in a layer: what it stood for when it was opened, whatever the name leads to later.
struct Entry {
  sys::Fd file;  // O_PATH
  sys::FileStatus status;
  privilege::OverlayAttributes attributes{};  // of what was opened by `open_way`

  bool is_directory() const;
  bool is_regular() const;
  // Hides what layers below have under this name: a character device 0/0, or (Linux 6.7) an empty file with
  // the attribute `whiteout`.
  bool is_whiteout() const;
  // Of a directory: shows nothing of those below. `x` only says that whiteouts with an attribute are in it.
  bool is_opaque() const { return attributes.opaque == "y"; }
  // Has no data of its own: these are in the same file of a layer below.
  bool is_metacopy() const { return is_regular() && attributes.metacopy.has_value(); }
};

// ENOENT where there is none.
sys::Result<Entry> open_entry(privilege::Privilege& privilege, int directory, const std::string& name);

// The same for a path of any length below `directory`, `usr/bin/x`: one that openat2(2) would refuse as too
// long is taken in parts.
sys::Result<Entry> open_far_entry(privilege::Privilege& privilege, int directory, std::string_view path);

// From a directory name by name, each in the one before, as this overlay's layers have them. Ends with the
// first that is an error, or is no directory; of `names` there is one at least. Of a long way only the last
// part is open.
using Way = std::vector<sys::Result<Entry>>;
Way open_way(privilege::Privilege& privilege, const model::OverlayLayers& layers, int directory,
             const std::vector<std::string>& names);
// The same from each of the directories, and all of it is open.
std::vector<Way> open_ways(privilege::Privilege& privilege, const model::OverlayLayers& layers,
                           std::span<const int> directories, const std::vector<std::string>& names);

// What each of the directories has under each of the names, for as many as may be asked for at once.
using Siblings = std::vector<sys::Result<Entry>>;
std::vector<Siblings> open_siblings(privilege::Privilege& privilege, const model::OverlayLayers& layers,
                                    const std::vector<int>& directories,
                                    const std::vector<std::string>& names);

// Whether `directory` is the one that the overlay writes to, as far as that was proven: EPERM where it is
// another.
sys::Result<void> check_upper(const model::OverlayLayers& layers, int directory);
// What the path of the upper directory leads to, O_PATH, checked.
sys::Result<sys::Fd> open_upper(privilege::Privilege& privilege, const model::OverlayLayers& layers);

// The tops of layers, and what each has along the names; no way where the top is not on its mount.
struct Tree {
  sys::Fd top;
  Way way;
};
std::vector<sys::Result<Tree>> open_trees(privilege::Privilege& privilege, const model::OverlayLayers& layers,
                                          const std::vector<privilege::TreePlace>& places,
                                          const std::vector<std::string>& names);

}  // namespace dropwarden::layer
