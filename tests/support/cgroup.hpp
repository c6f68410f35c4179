// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dropwarden::test {

// Removes the cgroup `path` and all below it, in every hierarchy below /sys/fs/cgroup. podman leaves cgroups
// behind even when all goes well, so each test program puts its containers below one of its own. No process
// may be left in there.
void remove_cgroups(const std::string& path);

// Moves the calling process into the cgroups of another, in every hierarchy. Throws when that went nowhere.
void join_cgroups_of(int pid);

}  // namespace dropwarden::test
