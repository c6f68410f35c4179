// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/mount.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/statmount_abi.hpp"

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

Result<std::vector<std::uint64_t>> list_mounts(std::uint64_t name_space) {
  constexpr std::size_t at_once = 4096;
  constexpr std::size_t most = std::size_t{1} << 20U;
  std::vector<std::uint64_t> mounts;
  statmount_abi::Request request{.mount = statmount_abi::all_mounts, .name_space = name_space};
  while (true) {
    const std::size_t before = mounts.size();
    mounts.resize(before + at_once);
    const long got = ::syscall(statmount_abi::call_listmount, &request, mounts.data() + before, at_once, 0);
    if (got < 0) return unexpected_errno("listmount");
    mounts.resize(before + static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < at_once) return mounts;
    if (mounts.size() >= most) return std::unexpected(Error{"listmount", "", EFBIG});
    request.param = mounts.back();
  }
}

Result<std::string> read_mount(std::uint64_t mount, std::uint64_t name_space) {
  constexpr std::size_t usual = 4096;
  constexpr std::size_t most = std::size_t{1} << 20U;
  const statmount_abi::Request request{
      .mount = mount, .param = statmount_abi::line, .name_space = name_space};
  for (std::size_t room = usual; room <= most; room *= 4) {
    std::string answer(room, '\0');
    if (::syscall(statmount_abi::call_statmount, &request, answer.data(), answer.size(), 0) == 0) {
      std::uint32_t size = 0;
      std::memcpy(&size, answer.data(), sizeof size);
      answer.resize(std::min<std::size_t>(size, room));
      return answer;
    }
    if (errno != EOVERFLOW) return unexpected_errno("statmount");
  }
  return std::unexpected(Error{"statmount", "", EFBIG});
}

Result<std::uint64_t> read_mount_namespace(const std::string& path) {
  const auto name_space = open_path(path, O_RDONLY);
  if (!name_space) return std::unexpected(name_space.error());
  std::uint64_t number = 0;
  if (::ioctl(name_space->number(), statmount_abi::get_namespace_id, &number) != 0)
    return unexpected_errno("ioctl", "NS_GET_MNTNS_ID");
  return number;
}

}  // namespace dropwarden::sys
