// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dropwarden/model/mount.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// Says by its layers whether a container may have mounted an overlay itself: they may then be on a file
// system that hangs, which a mark would let the container do to us. What the layers are is known by their
// paths alone, and those are of the mount namespace in which it was mounted. Loop's thread only.
class LayerJudge {
 public:
  explicit LayerJudge(privilege::Privilege& privilege) : privilege_(privilege) {}

  void on_table(const std::vector<model::Mount>& table);

  using Directory = model::Directory;
  struct Verdict {
    const char* reason = nullptr;      // why it may be a container's own; null where it is not
    std::optional<Directory> upper{};  // on this host, as far as it could be looked at
    bool is_final = true;              // false: it could not be looked at, and may be at another time
  };
  // Of an overlay that the host's mount table shows.
  Verdict judge(const model::OverlayLayers& layers) const;
  // Of one that is known by a process alone: each of its layers has to be on this host. Whether they are what
  // they are said to be, only the marker finds out (privilege::Places::check_root).
  Verdict judge_hidden(const model::OverlayLayers& layers) const;

 private:
  bool may_hang(const model::OverlayLayers& layers) const;
  bool may_hang(std::string_view layer) const;
  const char* why_foreign(const std::vector<std::string>& lowerdirs) const;

  privilege::Privilege& privilege_;
  std::vector<std::pair<std::string, bool>> points_;  // mount points, and whether it is safe to go there
  std::unordered_map<std::uint64_t, bool> is_local_;  // by mount ID, whether it has local files
};

}  // namespace dropwarden::monitor
