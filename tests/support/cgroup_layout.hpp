// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dropwarden::test {

// What stands at /sys/fs/cgroup (cgroups(7), systemd's names).
enum class CgroupLayout {
  of_host,
  v1,  // a directory for each hierarchy of version 1
  v2,  // cgroup2 alone
};

// Gives the calling process, in a mount namespace of its own (`enter_shared_mounts`), another layout. The
// controllers stay where the kernel has them: where version 1 holds them, v2 has none to offer, and runtimes
// need `make_frugal_oci_runtime`. Returns why it cannot be had, `SKIP kernel: …`, or an empty text. Throws
// SystemError.
std::string enter_cgroup_layout(CgroupLayout layout);

}  // namespace dropwarden::test
