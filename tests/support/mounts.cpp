// SPDX-License-Identifier: Apache-2.0
#include "support/mounts.hpp"

#include <cstdio>
#include <memory>
#include <mntent.h>
#include <string_view>
#include <sys/mount.h>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::test {

std::vector<std::string> mount_points_below(const std::string& directory, const std::string& type) {
  const std::unique_ptr<FILE, int (*)(FILE*)> table(::setmntent("/proc/self/mounts", "re"), &::endmntent);
  if (!table) throw sys::SystemError(sys::last_error("setmntent", "/proc/self/mounts"));
  std::vector<std::string> found;
  // An overlay of a hundred layers has a line of several kilobytes.
  std::vector<char> line(1U << 16U);
  struct mntent entry{};
  while (::getmntent_r(table.get(), &entry, line.data(), static_cast<int>(line.size())) != nullptr) {
    const bool is_below = std::string_view(entry.mnt_dir).starts_with(directory + "/");
    if (is_below && (type.empty() || type == entry.mnt_type)) found.emplace_back(entry.mnt_dir);
  }
  return found;
}

void unmount_below(const std::string& directory) {
  const auto mount_points = mount_points_below(directory);
  for (auto point = mount_points.rbegin(); point != mount_points.rend(); ++point) {
    ::umount2(point->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
  // EINVAL where nothing is mounted there.
  ::umount2(directory.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

}  // namespace dropwarden::test
