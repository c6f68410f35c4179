// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/mount.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "dropwarden/sys/file.hpp"

namespace dropwarden::sys {

Result<void> mount_tmpfs(const std::string& mount_point) {
  constexpr const char* options = "mode=0700,size=64m";
  if (::mount("dropwarden", mount_point.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options) != 0)
    return unexpected_errno("mount", mount_point);
  return {};
}

Result<void> mount_overlay(const OverlayDirectories& directories, const std::string& mount_point) {
  const std::string options =
      "lowerdir=" + directories.lower + ",upperdir=" + directories.upper + ",workdir=" + directories.work;
  if (::mount("overlay", mount_point.c_str(), "overlay", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    return unexpected_errno("mount", mount_point);
  return {};
}

Result<void> unmount(const std::string& mount_point) {
  if (::umount2(mount_point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
    return unexpected_errno("umount2", mount_point);
  return {};
}

Result<std::uint32_t> read_namespace_owner(const std::string& path) {
  const auto name_space = open_path(path, O_RDONLY);
  if (!name_space) return std::unexpected(name_space.error());
  uid_t owner = 0;
  if (::ioctl(name_space->number(), NS_GET_OWNER_UID, &owner) != 0)
    return unexpected_errno("ioctl", "NS_GET_OWNER_UID");
  return owner;
}

}  // namespace dropwarden::sys
