// SPDX-License-Identifier: Apache-2.0
#include "support/cgroup_layout.hpp"

#include <algorithm>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "dropwarden/sys/error.hpp"

#include "support/mounts.hpp"

namespace dropwarden::test {
namespace {

constexpr const char* root = "/sys/fs/cgroup";

bool is_cgroup2(const std::string& path) {
  struct statfs status{};
  return ::statfs(path.c_str(), &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

void unmount(const std::string& path) {
  if (::umount2(path.c_str(), MNT_DETACH) != 0) throw sys::SystemError(sys::last_error("umount", path));
}

// The kernel lends a controller to one version at a time, and takes it back from v2 only when no cgroup is
// left there (cgroups(7), "Cgroups v1 named hierarchies" and "Cgroups version 2"): not on a host in use.
std::string enter_v1() {
  if (is_cgroup2(root)) return "SKIP kernel: cgroup2 holds all controllers, so version 1 cannot have them";
  for (const auto& point : mount_points_below(root, "cgroup2")) unmount(point);
  return {};
}

void enter_v2() {
  if (is_cgroup2(root)) return;
  unmount(root);
  if (::mount("cgroup2", root, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    throw sys::SystemError(sys::last_error("mount", root));
  }
}

}  // namespace

std::string enter_cgroup_layout(CgroupLayout layout) {
  if (layout == CgroupLayout::v1) return enter_v1();
  if (layout == CgroupLayout::v2) enter_v2();
  return {};
}

}  // namespace dropwarden::test
