// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dropwarden/layer/entry.hpp"
#include "dropwarden/layer/path.hpp"
#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::layer {

// What layers have along a path, by the place of each among the lower directories: all asked for at once.
struct Ahead {
  Path names;
  std::map<std::size_t, Way> ways;
};

// The directories at the top of one overlay's layers. A question takes longer than its answer, so the first
// path that is followed in the upper directory is asked for in all layers at once; what is open stays open
// until the end. One thread.
class Trees {
 public:
  Trees(privilege::Privilege& privilege, std::shared_ptr<const model::OverlayLayers> layers,
        std::shared_ptr<const ReadableMounts> mounts);

  const model::OverlayLayers& layers() const { return *layers_; }
  const std::shared_ptr<const model::OverlayLayers>& shared_layers() const { return layers_; }

  // What the upper directory has along `path`, which is not empty. Nothing where the directory is not read,
  // has gone with its container, or is none. The container may change it at any time: each step is taken from
  // the directory of the step before.
  sys::Result<std::optional<Way>> follow_upper(const Path& path);
  // The directory that it has at `path`; nothing where it has none, or one of those on the way was renamed:
  // then the image has it elsewhere.
  std::optional<Entry> open_upper_directory(const Path& path);
  // Of the upper directory; nothing before it was followed.
  std::optional<sys::FileStatus> upper_status() const;

  // The top of a lower layer, and whether its file system is read.
  struct Top {
    sys::Fd directory;
    bool is_readable = false;
  };
  // Those that names are looked up in, uppermost first: the caller's from then on.
  sys::Result<std::vector<Top>> take_lower();
  // What they have along the path that was followed first; nothing when that was not asked for. Once.
  std::optional<Ahead> take_ahead() { return std::exchange(ahead_, std::nullopt); }

 private:
  std::size_t count_lower() const { return layers_->lowerdirs.size() - layers_->data_only; }
  void ask_together(const Path& path);
  sys::Result<void> open_upper();

  privilege::Privilege& privilege_;
  std::shared_ptr<const model::OverlayLayers> layers_;
  std::shared_ptr<const ReadableMounts> mounts_;
  bool is_asked_ = false;
  std::optional<Top> upper_;
  std::optional<Way> upper_way_;
  std::vector<Top> lower_;
  std::optional<Ahead> ahead_;
};

}  // namespace dropwarden::layer
