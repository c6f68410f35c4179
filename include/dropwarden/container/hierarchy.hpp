// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::container {

// One mounted cgroup hierarchy (cgroups(7)).
struct Hierarchy {
  std::string mount_point;
  std::vector<std::string>
      controllers;          // that it holds; those of v1 that are mounted together are one hierarchy
  bool is_unified = false;  // cgroup2, which may hold no controller at all
};

struct CgroupProcesses {
  std::vector<model::Pid> pids;  // ascending, each once
  bool is_complete = true;       // false when a limit cut the walk short
};

// How far a walk below a container's cgroup goes: a container may nest and fill cgroups at will.
struct WalkLimits {
  std::size_t cgroups = 1024;
  std::size_t processes = 65536;
};

// The hierarchies that were mounted when they were read, unified first. v1 hierarchies without a controller
// (`name=systemd`) are not among them: libcgroup passes them over. Immutable, any thread.
class Hierarchies {
 public:
  const std::vector<Hierarchy>& all() const { return all_; }

  // Processes of the cgroup at `path` (as in /proc/PID/cgroup) and of all below it, from the first hierarchy
  // where it holds any. ENOENT when no hierarchy has it, EINVAL when `path` steps upwards, ENAMETOOLONG when
  // it is longer than libcgroup can take.
  sys::Result<CgroupProcesses> read_processes(std::string_view path, WalkLimits limits = {}) const;

 private:
  friend sys::Result<Hierarchies> read_hierarchies();
  explicit Hierarchies(std::vector<Hierarchy> all) : all_(std::move(all)) {}

  std::vector<Hierarchy> all_;
};

// Asks libcgroup, which reads /proc/self/mounts and keeps the answer for the whole process: call again after
// a hierarchy was mounted. ENODEV when none is. One caller at a time.
sys::Result<Hierarchies> read_hierarchies();

// The same for who asks once, since nobody mounts a hierarchy on a running system. None where libcgroup finds
// none.
std::vector<Hierarchy> hierarchies_here();

}  // namespace dropwarden::container
