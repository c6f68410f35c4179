// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/confined_monitor.hpp"

namespace dropwarden::test {

// In a container of a pod of `containerd` that is not privileged, with the host's pid namespace.
std::unique_ptr<PlacedMonitor> start_in_pod(const std::string& directory, const RuntimeSocket& containerd);

// The same without the host's pid namespace, a mistake that is easily made.
std::unique_ptr<PlacedMonitor> start_in_pod_without_host_pid(const std::string& directory,
                                                             const RuntimeSocket& containerd);

// In a unit of systemd, hardened as far as it goes (systemd.exec(5)).
std::unique_ptr<PlacedMonitor> start_in_hardened_unit(const std::string& directory,
                                                      const RuntimeSocket& containerd);

// In a container of `docker` that is not privileged, with the AppArmor profile that docker gives every
// container.
std::unique_ptr<PlacedMonitor> start_under_docker_default(const std::string& directory,
                                                          const RuntimeSocket& docker);

}  // namespace dropwarden::test
