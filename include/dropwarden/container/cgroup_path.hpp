// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dropwarden/model/container.hpp"

namespace dropwarden::container {

// What a cgroup path says about the container that owns it.
struct CgroupOwner {
  model::Runtime runtime = model::Runtime::unknown;
  model::ContainerId id;
  std::string pod_uid;   // with dashes, from a kubepods path; else empty
  bool is_root = false;  // the path is the container's own cgroup, not one below it

  friend bool operator==(const CgroupOwner&, const CgroupOwner&) = default;
};

// One cgroup path, relative to its hierarchy's mount. Nothing when it belongs to no container. Pure.
std::optional<CgroupOwner> parse_cgroup_path(std::string_view path);

// Text of /proc/PID/cgroup (cgroups(7)): the `0::` line decides, or any v1 line when that is `/` or names no container.
// Pure; malformed lines are passed over.
std::optional<CgroupOwner> parse_process_cgroup(std::string_view text);

}  // namespace dropwarden::container
