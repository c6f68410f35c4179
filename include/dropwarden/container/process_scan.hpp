// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::container {

// How processes are looked at.
struct ProcessReader {
  // All processes of our pid namespace: `list_processes`.
  std::function<sys::Result<std::vector<model::Pid>>()> list;
  // Privilege::read_process_file.
  std::function<sys::Result<std::string>(model::Pid, privilege::ProcessFile)> read;
  // read_unified_id; where there is none, nothing tells which of two cgroups was there first.
  std::function<std::optional<std::uint64_t>(const std::string&)> cgroup_id{};
};

// Privilege::list_processes.
sys::Result<std::vector<model::Pid>> list_processes(privilege::Privilege& privilege);

// A container as its processes show it.
struct ProcessGroup {
  CgroupOwner owner;      // the trusted one, see `trusted_owner`; is_root is of no meaning here
  model::Pid init;        // its first process, as well as can be told
  bool is_first = false;  // it is 1 in a pid namespace of the container
};

using ProcessGroups = std::unordered_map<std::string, ProcessGroup>;  // by container ID

struct ScanLimits {
  std::size_t processes = 131072;
  std::size_t containers = 16384;
};

// Finds the containers by /proc/PID/cgroup of all processes, in steps, so that the loop can do other things
// between them. A process costs one small file, one of a container two or three.
//
// The init is the process that is 1 in the outermost of the pid namespaces that lie within the container;
// with none (the host's pid namespace, or the pod's) the one that started first. Wrong when a container
// shares its pid namespace and its first process moved into another cgroup.
//
// Whoever may make a cgroup can give it the name of any container, and put there a process of any age. So of
// two cgroups with one name that below user.slice never takes the place of the other, and else none that of
// the one that was told already, as long as that has a process. Where neither was, it is the one that was
// made first: the ID of a container is known once it has a cgroup. Nor does within one cgroup another process
// take the place of a living one that was told, unless it is further out.
class ProcessScan {
 public:
  // `told`, if there is any, outlives this; it may change meanwhile.
  explicit ProcessScan(ProcessReader reader, ScanLimits limits = {}, const ProcessGroups* told = nullptr);

  // Looks at `count` more processes; false when there are none left. The first call lists them: an error is
  // that it cannot.
  sys::Result<bool> step(std::size_t count);
  // Looks at a process as well that may have begun since they were listed.
  void add(model::Pid pid);

  std::vector<ProcessGroup> groups() const;
  // False when a limit cut the scan short.
  bool is_complete() const { return is_complete_; }
  // How many processes could not be read though they are there, and why the last of them; one that has ended
  // meanwhile is not counted.
  std::size_t unreadable() const { return unreadable_; }
  const std::optional<sys::Error>& last_error() const { return last_error_; }

 private:
  struct Group {
    CgroupOwner owner;
    model::Pid init;
    std::size_t depth = 0;  // pid namespaces that the init is in; the most possible when it is not 1
    std::optional<std::uint64_t> start_time;  // clock ticks since boot, read when it decides
  };

  std::optional<std::string> read(model::Pid pid, privilege::ProcessFile file);
  std::optional<std::uint64_t> read_start_time(model::Pid pid);
  void look_at(model::Pid pid);
  const ProcessGroup* find_told(const Group& group) const;
  std::optional<bool> is_older_cgroup(const CgroupOwner& candidate, const CgroupOwner& known) const;
  bool is_better(Group& candidate, Group& known);
  bool is_earlier(Group& candidate, Group& known);

  ProcessReader reader_;
  ScanLimits limits_;
  const ProcessGroups* told_;
  bool is_listed_ = false;
  bool is_complete_ = true;
  std::vector<CgroupOwner> enclosing_;
  std::vector<model::Pid> pids_;
  std::size_t next_ = 0;
  std::unordered_map<std::string, Group> groups_;  // by container ID
  std::size_t unreadable_ = 0;
  std::optional<sys::Error> last_error_;
};

}  // namespace dropwarden::container
