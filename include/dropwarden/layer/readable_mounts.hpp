// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/mount.hpp"

namespace dropwarden::layer {

// Whether files on this mount answer without a process or a network: local file systems by name. Not FUSE
// (stargz, nydus, fuse-overlayfs), not an EROFS whose blocks a daemon fetches, not a network file system, and
// not an overlay, whose own layers may be any of these. Pure.
bool is_readable(const model::Mount& mount);

// The mounts of a table whose files may be read; asked by ID, since to ask the file system itself
// (fstatfs(2)) may already wait for its server. Immutable, any thread.
class ReadableMounts {
 public:
  ReadableMounts() = default;
  explicit ReadableMounts(const std::vector<model::Mount>& table);

  // When an ID was given to another mount since the table was read, the answer is about the old one.
  bool contains(model::MountId mount) const { return mounts_.contains(mount); }
  // The one whose mount point lies nearest above `path`, an absolute path. Another mount, which is none of
  // these, may lie between. Nothing where there is none.
  std::optional<model::MountId> find(std::string_view path) const;

 private:
  std::unordered_set<model::MountId> mounts_;
  std::map<std::string, model::MountId, std::less<>> points_;
};

}  // namespace dropwarden::layer
