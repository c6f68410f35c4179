// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/container/hierarchy.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::container {

// Where the cgroup of a process lies, by the text of its /proc/PID/cgroup: in the unified hierarchy, or,
// where that is not mounted or holds the process in its root, in the first of version 1 that does not. Empty
// when there is none, or when the path leads out of the reader's cgroup namespace (cgroup_namespaces(7)).
// Pure.
std::string cgroup_directory(std::string_view process_cgroup, const std::vector<Hierarchy>& hierarchies);

// The inode number of that directory: the ID of the cgroup, as open_by_handle_at(2) and
// bpf_get_current_cgroup_id() have it. ENOTSUP when `directory` is on a file system of another type.
sys::Result<std::uint64_t> read_cgroup_id(const std::string& directory);

// The same of the cgroup at `path` of the unified hierarchy, where it grows with each that is made (kernfs
// takes no number twice on a machine of 64 bits), and none can be renamed: so it tells of two names which was
// there first. Nothing where that hierarchy is not mounted, or is seen from a cgroup namespace.
std::optional<std::uint64_t> read_unified_id(const std::string& path,
                                             const std::vector<Hierarchy>& hierarchies);

}  // namespace dropwarden::container
