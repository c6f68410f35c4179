// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace dropwarden::daemon {

// What the kernel says of what a process may do (proc(5), /proc/PID/status).
struct Confinement {
  std::uint32_t uid = 0;                  // the effective one
  std::vector<std::string> capabilities;  // the effective ones, as `sys_admin`
  bool has_no_new_privileges = false;
  std::string seccomp;  // `off`, `strict`, `filter`
};

// Nothing when it is no such text. Pure.
std::optional<Confinement> parse_confinement(std::string_view status);

// One of dropwarden's processes.
struct OwnProcess {
  std::string role;  // `marker`, `monitor`, `supervisor`
  pid_t pid = -1;
  std::optional<Confinement> confinement;
  std::string problem;  // why that is not known
};

OwnProcess read_own_process(std::string role, pid_t pid);

}  // namespace dropwarden::daemon
