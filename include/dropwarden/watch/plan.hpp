// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/model/mount.hpp"

namespace dropwarden::watch {

// An overlay that should be marked, and how it can be reached.
struct Target {
  model::Device device;            // the key: one superblock, one mark
  std::string mount_point;         // host mount point; empty when it is only in a mount namespace of its own
  model::Pid init;                 // a process whose root it is; 0 when none is known
  bool is_of_other_users = false;  // it may have been mounted in another user namespace than ours
  bool is_of_its_making = false;   // that process has gone there from another root of its own

  friend bool operator==(const Target&, const Target&) = default;
};

struct Plan {
  std::vector<Target> to_mark;
  std::vector<model::Device> to_forget;  // the superblock is gone, and its mark with it (fanotify_mark(2))
};

// What to do so that each of `wanted` is marked, given the devices that are (watch/marks.hpp: a device that
// vanished and came back is another superblock without a mark, and only the group knows). Of several targets
// on one device the first that has a mount point is taken, else the first. In the order of `wanted` and of
// `marked`. Pure.
Plan plan_marks(const std::vector<Target>& wanted, const std::vector<model::Device>& marked);

}  // namespace dropwarden::watch
