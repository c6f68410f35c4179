// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/placed_monitor.hpp"

namespace dropwarden::test {

// What dropwarden needs of root's capabilities, and no more: the last two to become another user.
inline const std::vector<std::string> needed_capabilities{"SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH",
                                                          "SETUID", "SETGID"};

struct MonitorPodSpec {
  std::string directory;     // as of PlacedMonitor
  RuntimeSocket containerd;  // which runs it, and which it asks
  std::string cgroup;        // parent of the pod's cgroup, as of CriDriver
  bool is_in_host_pid_namespace = true;
};

// In a container of a pod that is not privileged: the needed capabilities alone, the default seccomp profile,
// no AppArmor profile, a read-only root.
std::unique_ptr<PlacedMonitor> start_in_pod(const MonitorPodSpec& spec);

// The same in a container of dockerd, with these further options of `docker run`.
std::unique_ptr<PlacedMonitor> start_in_docker(const std::string& directory, const RuntimeSocket& docker,
                                               const std::vector<std::string>& options = {});

}  // namespace dropwarden::test
