// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// Absolute paths without `,` and `:`.
struct OverlayDirectories {
  std::string lower;
  std::string upper;
  std::string work;
};

// mount(2) of a tmpfs of 64 MiB for its owner alone, and of an overlay; without set-user-ID files and
// devices. Need CAP_SYS_ADMIN.
Result<void> mount_tmpfs(const std::string& mount_point);
Result<void> mount_overlay(const OverlayDirectories& directories, const std::string& mount_point);
// Lazily, so that a descriptor that is still open does not keep it (umount2(2)).
Result<void> unmount(const std::string& mount_point);

// The user who made the user namespace that the link `path` (/proc/PID/ns/user) leads to (NS_GET_OWNER_UID,
// ioctl_ns(2)), as our own namespace counts users. Needs CAP_SYS_PTRACE.
Result<std::uint32_t> read_namespace_owner(const std::string& path);

// The mounts of a mount namespace that are below our root, in the order of mountinfo, by numbers that no
// other mount gets as long as the machine runs (listmount(2)). `name_space`: read_mount_namespace, or 0 for
// our own; another takes CAP_SYS_ADMIN. ENOSYS before Linux 6.8, and where a filter does not know the call;
// EFBIG for more than a million.
Result<std::vector<std::uint64_t>> list_mounts(std::uint64_t name_space);
// What the kernel tells of one (statmount(2), statmount_abi::Answer), as much as is in a line of mountinfo.
// ENOENT when it is gone, EFBIG for more than 1 MiB.
Result<std::string> read_mount(std::uint64_t mount, std::uint64_t name_space);
// The number of the mount namespace that the link `path` (/proc/PID/ns/mnt) leads to (Linux 6.11). Holds
// nothing open. Needs CAP_SYS_PTRACE.
Result<std::uint64_t> read_mount_namespace(const std::string& path);

}  // namespace dropwarden::sys
