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

struct Ancestor {
  Pid pid;
  std::string name;  // comm
  std::string exe;
};

// Who closed the file. With `exited` only what was read before the process went away is set. All text is raw
// bytes that the process chose.
struct ProcessInfo {
  Pid pid;
  Pid pid_in_container;  // innermost NSpid; 0 when unknown
  ProcessState state = ProcessState::exited;
  std::string name;  // comm
  std::string exe;   // as the process sees it
  std::vector<std::string> command_line;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> login_uid;  // nothing when unset (4294967295)
  util::WallTime start_time{};             // epoch while unknown
  std::vector<Ancestor> ancestors;         // parent first, up to the container's init
  std::string cgroup;                      // text of /proc/PID/cgroup
};

}  // namespace dropwarden::model
