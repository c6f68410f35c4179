// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/layer/entry.hpp"
#include "dropwarden/layer/path.hpp"
#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/layer/trees.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::layer {

// What an image has under a name.
struct ImageEntry {
  Entry entry;  // of a directory: its status only
  // Where the bytes of a file are when `entry` has none of its own (metacopy).
  std::optional<Entry> data;

  const Entry& content() const { return data ? *data : entry; }
};

// The lower layers of one overlay, which together are the image, looked up as overlayfs does it
// (Documentation/filesystems/overlayfs.rst, fs/overlayfs/namei.c): the uppermost first; whiteouts, opaque
// directories and files in place of directories hide what is below; redirects and metacopy are followed. No
// symbolic link is, since the kernel's paths hold none.
//
// Keeps descriptors of the layers' roots and of the directory looked in last, so that a run of files in one
// directory is quick: to be dropped when there is nothing to look up. One thread.
class Image {
 public:
  Image(privilege::Privilege& privilege, std::shared_ptr<const model::OverlayLayers> layers,
        std::shared_ptr<const ReadableMounts> mounts);
  ~Image();
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  const model::OverlayLayers& layers() const { return trees_.layers(); }
  // Whether it is about these very layers.
  bool is_of(const std::shared_ptr<const model::OverlayLayers>& layers) const {
    return trees_.shared_layers() == layers;
  }
  // The tops of its layers, and of the upper directory over it. To follow a path there first makes it quick
  // to find the same one.
  Trees& trees() { return trees_; }

  // Nothing where the image has no such name. ENOTSUP when that depends on a layer on a file system that is
  // not read, EINVAL on one whose path is not known, else the kernel's own errors.
  sys::Result<std::optional<ImageEntry>> find(const Path& path);

  // Asks at once for the first of `names` in the directory looked in last, which `take_upper` and `find` will
  // be asked for next, and forgets what was foreseen before. Returns for how many of them: none where
  // `directory` is another one, or it takes more than that to find them. The others are asked for one by one.
  std::size_t foresee(const Path& directory, std::vector<std::string> names);
  // What the upper directory has at a path that was foreseen.
  std::optional<sys::Result<Entry>> take_upper(const Path& path);

 private:
  struct Directory;
  struct Target;
  struct Found;
  struct Foreseen {
    std::optional<sys::Result<Entry>> upper;
    Ahead ahead;
  };
  using Stack = std::vector<Directory>;
  sys::Error not_read(std::size_t layer) const;
  sys::Result<void> open_roots();
  void look_ahead(const Path& path);
  bool take_foreseen(const Path& path);
  void ask_ahead(Stack& from, const Path& names);
  bool is_step_ahead(const Directory& directory, const std::string& name) const;
  std::optional<sys::Result<Entry>> take_ahead(const Directory& directory, const std::string& name);
  sys::Result<std::optional<ImageEntry>> find_ahead(const Path& above, const std::string& name);
  sys::Result<const Stack*> open_parent(const Path& path);
  sys::Result<Found> look_up(const Stack& parent, const std::string& name);
  sys::Result<std::optional<Entry>> look_in_layer(const Directory& directory, Target& target);
  sys::Result<Entry> open(int directory, const std::string& name);
  sys::Result<std::optional<Entry>> look_at(sys::Result<Entry> entry, std::size_t names_after,
                                            Target& target);
  sys::Result<void> follow_redirect(const Entry& entry, std::size_t names_after, Target& target);
  sys::Result<std::optional<Entry>> find_data(const Target& target);

  privilege::Privilege& privilege_;
  std::shared_ptr<const ReadableMounts> mounts_;
  Trees trees_;
  Stack roots_;
  Path parent_path_;
  Stack parent_;
  bool has_parent_ = false;
  Ahead ahead_;
  std::map<Path, Foreseen> foreseen_;
};

}  // namespace dropwarden::layer
