// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::privilege {

// Where the host's mount table is read, and how its mount points are reached from here.
struct HostMounts {
  std::string process;                // directory in procfs of a process in that mount namespace
  std::string root;                   // to be put before a path of the table; empty where it is our own root
  std::optional<sys::Error> problem;  // why it is our own mount namespace, though that is not the host's
};

// The mount namespace of `host_process` is the host's: our own on a plain host, another one in a pod or a
// hardened unit. Of ours, our root may be below the host's (chroot(2)). Reads procfs, which is mounted at
// `proc`.
HostMounts find_host_mounts(const std::string& proc, std::int32_t host_process);

// True as well where it cannot be told.
bool is_in_first_pid_namespace(const std::string& proc);

}  // namespace dropwarden::privilege
