// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dropwarden/monitor/watched_mounts.hpp"

namespace dropwarden::monitor {

// A tree of files that containers write to and that is there now: several of them may have it mounted, and it
// is walked once.
struct ScannedTree {
  std::vector<std::uint64_t> serials;  // of the mounts that show it
  std::set<std::string> containers;
  bool is_overlay = false;
  bool is_of_host = false;       // an overlay that the host's mount table shows
  std::set<std::uint64_t> late;  // of the serials, those that were marked late
  bool is_failed = false;

  friend bool operator==(const ScannedTree&, const ScannedTree&) = default;
};

// By name.
using ScannedTrees = std::map<std::string, ScannedTree>;

// Whether there is anything to be scanned that is a container's, and it can be: an overlay by its upper
// directory, so that none in another place is.
bool is_scanned(const WatchedMount& mount);

// Holds after a restart of this program.
std::string name_of_tree(const WatchedMount& mount);

// Those of all mounts. An upper directory is that of the overlay which the host's mount table shows, if there
// is one, and no other's: in the options of an overlay that it mounts itself a container can name any
// directory of the host. Pure.
ScannedTrees find_trees(const std::list<WatchedMount>& mounts);

}  // namespace dropwarden::monitor
