// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

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

  bool is_directory() const;
  bool is_regular() const;
};

// ENOENT where there is none.
sys::Result<Entry> open_entry(privilege::Privilege& privilege, int directory, const std::string& name);

// The same for a path of any length below `directory`, `usr/bin/x`: one that openat2(2) would refuse as too
// long is taken in parts.
sys::Result<Entry> open_far_entry(privilege::Privilege& privilege, int directory, std::string_view path);

// The attributes of one overlay's layers.
class Attributes {
 public:
  Attributes(privilege::Privilege& privilege, const model::OverlayLayers& layers)
      : privilege_(privilege),
        space_(layers.has_user_attributes ? privilege::AttributeSpace::user
                                          : privilege::AttributeSpace::trusted) {}

  sys::Result<std::optional<std::string>> read(const Entry& entry,
                                               privilege::OverlayAttribute attribute) const {
    return privilege_.read_overlay_attribute(entry.file.number(), attribute, space_);
  }

  // Hides what layers below have under this name: a character device 0/0, or (Linux 6.7) an empty file with
  // the attribute `whiteout`.
  sys::Result<bool> is_whiteout(const Entry& entry) const;
  // Shows nothing of the directories below. `x` only says that whiteouts with an attribute are in it.
  sys::Result<bool> is_opaque(const Entry& directory) const;
  // Has no data of its own: these are in the same file of a layer below.
  sys::Result<bool> is_metacopy(const Entry& file) const;

 private:
  privilege::Privilege& privilege_;
  privilege::AttributeSpace space_;
};

}  // namespace dropwarden::layer
