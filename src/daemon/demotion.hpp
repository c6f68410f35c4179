// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace dropwarden::daemon {

// As whom the monitor runs: the user `dropwarden` where there is one, else `fallback_id`.
struct User {
  // Of a range that neither Debian nor systemd gives to anybody, and no image has: containers run as
  // `nobody`.
  static constexpr std::uint32_t fallback_id = 60871;
  std::uint32_t uid = fallback_id;
  std::uint32_t gid = fallback_id;
};
User find_monitor_user();

// Whether there is anything to be split: CAP_SYS_ADMIN is effective.
bool has_privilege();

// Takes from the calling process, which has one thread, what it does not need; for good. Each sets
// no_new_privs and has itself killed when `parent`, which has forked it, ends. What the kernel refuses is the
// answer: the process then has more than it should, and goes on.
//
// The monitor: no capability, no group, another user.
std::vector<std::string> become_monitor(const User& user, pid_t parent);
// The marker keeps, as far as they are there:
//   CAP_SYS_ADMIN        fanotify_init(2), marks, mounts, trusted.overlay.* attributes, setns(2) for a host
//   name CAP_SYS_PTRACE       /proc/PID/{root,exe,ns} of containers CAP_DAC_READ_SEARCH open_by_handle_at(2),
//   and files of layers that their modes keep from everybody CAP_LEASE            whether somebody has a file
//   of another user open for writing
std::vector<std::string> become_marker(pid_t parent);

// Closes every descriptor but the standard ones, the log, and these.
void close_others(std::vector<int> kept);

}  // namespace dropwarden::daemon
