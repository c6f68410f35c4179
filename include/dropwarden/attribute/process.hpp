// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/process.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::attribute {

// Files of /proc/PID, or what else the kernel tells of a process. Of `cmdline` the first 8 KiB are enough,
// and a longer one should be cut rather than refused. `exe_identity` is `MAJOR:MINOR:INODE` of what
// /proc/PID/exe leads to. `host_name` is no file but the name of its UTS namespace, the namespaces are links
// in /proc/PID/ns.
enum class ProcFile {
  cgroup,
  cmdline,
  exe,
  exe_identity,
  host_name,
  loginuid,
  mount_namespace,
  pid_namespace,
  stat,
  status
};

// What is asked of a process, and of each of its ancestors.
struct ProcQuestion {
  model::Pid pid;
  std::vector<ProcFile> files;
  std::vector<ProcFile> of_ancestors{};
};
// One process: an answer for each file, in their order.
struct ProcAnswer {
  model::Pid pid;
  std::vector<sys::Result<std::string>> files;
};
// privilege::Privilege, handed in by the composition root. The answer of the process, then those of as many
// ancestors as it likes, parent first: one call, since it is a question to another process, and takes longer
// than the reading.
using ReadProc = std::function<std::vector<ProcAnswer>(const ProcQuestion& question)>;
// One after the other, by `read`; no ancestors.
ReadProc one_by_one(std::function<sys::Result<std::string>(model::Pid pid, ProcFile file)> read);

// Whether two texts of /proc/PID/cgroup name the same container.
using IsSameContainer = std::function<bool(std::string_view own_cgroup, std::string_view parent_cgroup)>;

// The inode number that names a namespace: of the target of a link in /proc/PID/ns, `mnt:[4026531841]`
// (namespaces(7)). 0 when it is no such text.
std::uint64_t parse_namespace(std::string_view link);

// `8:1:4711`. Nothing when it is no such text.
std::optional<model::FileNumber> parse_identity(std::string_view text);

inline constexpr std::size_t max_ancestors = 16;

// Facts of the process that closed the file. Never fails: what could not be read is absent. `state` says
// whether the process was still there when all had been read.
//
// Guarded against reuse of the number: a pidfd is opened first (pidfd_open(2)); when the process is not alive
// at the end, its start time is compared with the one read at the beginning, and on a difference all but name
// and start time is dropped. A number that was reused before this call cannot be told.
//
// `cgroup_id` is left for the caller, who knows the hierarchies.
//
// Ancestors are followed, parent first, while `is_same_container` holds, at most `max_ancestors`, and not
// beyond an init of a pid namespace directly below dropwarden's own. A parent that started after its child is
// another process on a reused number and ends the list; within one clock tick (10 ms) that cannot be told.
//
// Reading `cmdline` takes the mmap lock of the process and may bring its pages back from swap: a process can
// make it slow. Not for the thread that reads events. Any thread.
model::ProcessInfo read_process(const ReadProc& read_proc, const IsSameContainer& is_same_container,
                                model::Pid pid);

// A first look at who closed the file, for the thread that reads events: what the process cannot make slow,
// and what most often is gone a moment later. No command line, no ancestors, and `exited`, since nothing was
// checked.
model::ProcessInfo glimpse_process(const ReadProc& read_proc, model::Pid pid);

// `later`, with what it could not read any more from `first`; `first` when the two show different processes
// on one number, or when there was none at the first look. Pure.
model::ProcessInfo complete_process(const model::ProcessInfo& first, model::ProcessInfo later);

}  // namespace dropwarden::attribute
