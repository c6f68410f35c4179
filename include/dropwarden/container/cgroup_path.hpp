// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/container.hpp"

namespace dropwarden::container {

// What a cgroup path says about a container that owns it.
struct CgroupOwner {
  model::Runtime runtime = model::Runtime::unknown;
  model::ContainerId id;
  std::string pod_uid;    // from a kubepods path, as the API server prints it (a static pod's has no dashes);
                          // else empty
  bool is_root = false;   // the path is the container's own cgroup, not one below it
  bool is_users = false;  // below user.slice, where a user of the host may make a cgroup of any name
  std::string path{};     // down to the container's own cgroup, without doubled slashes and `..`

  friend bool operator==(const CgroupOwner&, const CgroupOwner&) = default;
};

// All containers that one cgroup path, relative to its hierarchy's mount, runs through: outermost first. A
// container inside another (docker in docker, a kind node) gives two, and none of them is named twice. Pure.
//
// Trust: no container wrote the path down to the first owner. What follows was written inside that owner: by
// a runtime that runs there, or by anyone there who may make a cgroup and name it after another container.
// Only a caller that holds a second proof (a runtime that knows the ID, the device of the root mount) may
// believe a later owner. The first one as well may be a name that somebody gave: a user of the host, whose
// cgroup is below user.slice, or a service that has one delegated. Such a cgroup has another path than the
// one that the container's processes are in.
//
// Cannot be known from a path, so never returned: containers with a name of the user's choice (`ctr run …
// NAME` runs in `/<namespace>/NAME`), and, for a bare ID below `kubepods`, whether the runtime is containerd
// (assumed: nearly all are) or cri-dockerd.
std::vector<CgroupOwner> parse_cgroup_owners(std::string_view path);

// The innermost of the owners, which is the container that a process belongs to as long as nobody lies.
// Nothing when the path belongs to no container. Pure.
std::optional<CgroupOwner> parse_cgroup_path(std::string_view path);

// Text of /proc/PID/cgroup (cgroups(7)): the owners by the `0::` line, or by the first v1 line that has any
// when that is `/`, leads out of the reader's cgroup namespace (`/../..`) or names no container. Pure;
// malformed lines are passed over.
std::vector<CgroupOwner> parse_process_owners(std::string_view text);

// The innermost of those.
std::optional<CgroupOwner> parse_process_cgroup(std::string_view text);

// Whether a process is in the cgroup of another or in one below it, by their texts of /proc/PID/cgroup: in
// the first hierarchy that does not hold the other in its root. False when there is none. Pure.
bool is_in_cgroup_of(std::string_view process, std::string_view other);

// Whether a process whose /proc/PID/cgroup is `text` is some container's, and not that with this ID. Not so
// of one whose user named the cgroup. Pure.
bool is_of_another(std::string_view text, std::string_view id);

// The outermost of `owners` that does not enclose the observer as well: `enclosing` is what pid 1 of the
// observer's pid namespace is in, empty on a host, the node's container in kind. It is the one that no
// container can forge; whether a user of the host has, `path` tells. Pure.
std::optional<CgroupOwner> trusted_owner(const std::vector<CgroupOwner>& owners,
                                         const std::vector<CgroupOwner>& enclosing);

}  // namespace dropwarden::container
