// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

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

}  // namespace dropwarden::sys
