// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <vector>

#include "dropwarden/daemon/parts.hpp"
#include "dropwarden/privilege/guard.hpp"

#include "demotion.hpp"

namespace dropwarden::daemon {

// What a monitor ends with that its watchdog ends, and with nothing else: to the supervisor no end of its own
// but a death, as by a signal. Not a signal, which would say as much of what a container or the kernel did.
inline constexpr int monitor_stuck = 75;

// What the process of the monitor is born with.
struct MonitorBirth {
  User user;
  pid_t supervisor = 0;
  pid_t marker = 0;
  sys::Fd link;
  std::vector<sys::Fd> lanes;
  sys::Fd control;
  sys::Fd metrics;
  std::uint32_t restarts = 0;
  bool is_service = false;
  sandbox::Enforcement sandbox = sandbox::Enforcement::enforce;
  privilege::Grants grants{};
};

// Gives up privilege, follows the link, and runs `monitor`. Ends the process with its exit status.
[[noreturn]] void run_monitor(MonitorBirth birth, const std::function<int(Surroundings&)>& monitor);

// `monitor`, and the exit status for what it throws, which is printed.
int run_caught(Surroundings& surroundings, const std::function<int(Surroundings&)>& monitor);

}  // namespace dropwarden::daemon
