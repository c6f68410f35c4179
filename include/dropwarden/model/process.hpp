// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dropwarden/model/ids.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::model {

enum class ProcessState { running, exited };
const char* name_of(ProcessState state);

// Whether a process belongs to the container of the file that it closed, by its cgroup.
enum class Belonging {
  same,
  other,    // to another container: through /proc/PID/root, a shared mount, or a descriptor that was passed
  host,     // to none: `docker cp`, nsenter(1), a thread of the kernel
  unknown,  // the process was gone, or nothing tells a host process from one of this container
};
const char* name_of(Belonging belonging);

struct Ancestor {
  Pid pid;
  std::string name;  // comm
  std::string exe;
};

// The numbers of a file, as a process sees it.
struct FileNumber {
  Device device;
  std::uint64_t inode = 0;

  friend bool operator==(const FileNumber&, const FileNumber&) = default;
};

// What the program of a process is to the image of its container, by the layers of the overlay it lies on.
enum class ProgramState {
  unknown,    // not looked at, not of the image, changed, or another file than its path says
  untouched,  // the image's file, and the container has never had anything in its place
  copied_up,  // now it has the image's bytes
};

// Who closed the file. With `exited` only what was read before the process went away is set. All text is raw
// bytes that the process chose.
struct ProcessInfo {
  Pid pid;
  Pid pid_in_container;     // innermost NSpid; 0 when unknown, or it is not of the container
  Pid parent;               // 0 when unknown, or outside dropwarden's pid namespace
  Pid parent_in_container;  // in the pid namespace of `pid_in_container`; 0 when unknown, or outside it
  Belonging container = Belonging::unknown;
  ProcessState state = ProcessState::exited;
  std::string name;                      // comm
  std::string exe;                       // as the process sees it
  std::optional<FileNumber> exe_file{};  // nothing: not known
  ProgramState program = ProgramState::unknown;
  std::vector<std::string> command_line;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> login_uid;  // nothing when unset (4294967295)
  util::WallTime start_time{};             // epoch while unknown
  std::vector<Ancestor> ancestors;         // parent first, up to the container's init
  std::string cgroup;                      // text of /proc/PID/cgroup
  // Inode numbers: of the cgroup's directory (cgroups(7)), and those that name a namespace (namespaces(7)).
  // 0 when unknown.
  std::uint64_t cgroup_id = 0;
  std::uint64_t mount_namespace = 0;
  std::uint64_t pid_namespace = 0;
  std::string host_name;  // of its UTS namespace (uts_namespaces(7)); empty when unknown
};

}  // namespace dropwarden::model
