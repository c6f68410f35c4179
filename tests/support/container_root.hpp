// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>

#include "support/child.hpp"

namespace dropwarden::test {

// Makes `merged`, a mount point, the root of the calling process in a mount namespace of its own, where
// nothing else is mounted: what a runtime does to a container's first process. Throws sys::SystemError.
// `between_roots` is called while the old root is at `/` as well.
void enter_container_root(const std::string& merged, const std::function<void()>& between_roots = {});

// The same, tells `entered`, and stays there until something is said on the line.
void stay_in_container_root(const std::string& merged, Line& line);

// Moves the calling thread into the mount namespace of a process: its paths are those there from then on.
// Throws sys::SystemError.
void join_mount_namespace(pid_t process);

}  // namespace dropwarden::test
