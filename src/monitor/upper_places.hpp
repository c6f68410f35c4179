// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// A directory of the host in which a container's files lie: an upper directory, or a volume.
struct UpperPlace {
  std::uint64_t mount = 0;     // serial of the WatchedMount
  std::string directory;       // as the kernel names it on the host
  std::string container_path;  // what the container calls it: `/` for an upper directory
  // A directory of the host that shows the overlay, for what an inode is called through it; empty for a
  // volume, and where nobody may look through it.
  std::string merged;
  bool is_of_host = false;  // of an overlay that the host's mount table shows
  // What the directory has to be: another one may be put in its place.
  std::optional<model::Directory> proven{};
  bool is_gone = false;  // its overlay is, and the directory may be

  friend bool operator==(const UpperPlace&, const UpperPlace&) = default;
};

// A file system that is marked, and by which mount its handles are opened.
struct UpperFileSystem {
  model::FileSystemId id;  // f_fsid
  privilege::HostMount mount;

  friend bool operator==(const UpperFileSystem&, const UpperFileSystem&) = default;
};

// Whose a path of the host is. A value that never changes; any thread. Pure.
class UpperPlaces {
 public:
  UpperPlaces() = default;
  // Of places with one directory the first is taken, of those that the host's mount table shows if there are
  // any: what else names it may be the word of a container.
  UpperPlaces(const std::vector<UpperPlace>& places, std::vector<UpperFileSystem> file_systems);

  struct Found {
    const UpperPlace* place = nullptr;
    std::string path;  // as the container sees it
  };
  // The innermost place that `path` lies in, which may be the place itself: what a container keeps in an
  // upper directory or a volume of its own is its own, also where it is the upper directory of an overlay
  // that it mounted. Nothing outside of all.
  std::optional<Found> find(std::string_view path) const;

  const UpperFileSystem* find(model::FileSystemId id) const;
  // Those with a directory that has to be a certain one.
  const std::vector<UpperPlace>& proven() const { return proven_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, UpperPlace, Hash, std::equal_to<>> by_directory_;
  std::vector<UpperFileSystem> file_systems_;
  std::vector<UpperPlace> proven_;
};

// What the kernel calls what was opened by its handle. Of what is in no place that the marker knows, that is
// all that it tells (privilege::is_outside); empty where there is no path.
sys::Result<std::string> read_path_by_handle(const sys::Result<sys::Fd>& opened);

// `directory` and a name in it.
std::string join_path(std::string_view directory, std::string_view name);

}  // namespace dropwarden::monitor
