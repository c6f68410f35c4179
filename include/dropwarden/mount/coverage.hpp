// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/mount/host_mounts.hpp"

namespace dropwarden::mount {

// What of a mount is marked, so that writes through it are seen (fanotify_mark(2)).
enum class Coverage {
  none,
  mount,        // this mount: writes through it, and through no copy of it
  file_system,  // its superblock: whoever writes, however it is reached
};

// A mount that a container sees, and how it can be watched.
struct JudgedMount {
  model::Mount mount;
  model::Place place = model::Place::volume;
  Coverage coverage = Coverage::none;
  std::string reason;  // why there is no coverage

  friend bool operator==(const JudgedMount&, const JudgedMount&) = default;
};

struct JudgeOptions {
  bool wants_volumes = true;
  bool wants_tmpfs = true;
  std::size_t most_marks = 256;  // of one container, which can make mounts without end
  std::size_t most_mounts = 1024;
};

// The mounts of a container by the table of its first process, in the table's order; nothing when the process
// has not entered the container's root yet. The root on an overlay is left out, since it is watched by
// another way, or said of it why it is not. What a limit cuts off stands as one entry at the end, without a
// mount. Pure.
//
// A superblock in memory that only containers have is marked whole, any other by mount: a mark on the whole
// file system of a bind mount would make the kernel queue an event for each write of the host.
std::optional<std::vector<JudgedMount>> judge_mounts(const std::vector<model::Mount>& table,
                                                     const HostMounts& host,
                                                     const JudgeOptions& options = {});
// The same by the table of a process in another mount namespace of the container. Its root on an overlay is
// left out where it is that of the first process, `container_root`, or a mount of the host shows it: any
// other one the container has mounted itself.
std::optional<std::vector<JudgedMount>> judge_nested_mounts(
    const std::vector<model::Mount>& table, const HostMounts& host,
    const std::optional<model::Device>& container_root, const JudgeOptions& options = {});

// Whether a process is in the middle of pivot_root(2), or has not come to it: the host's root is at `/`,
// below the container's or alone, and all mounts of the host are in the table. Pure.
bool has_host_root(const std::vector<model::Mount>& table, const HostMounts& host);

// Whether nothing can be written through it, by the mount or by the file system.
bool is_read_only(const model::Mount& mount);

}  // namespace dropwarden::mount
