// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::privilege {

// What the methods of the same name of Privilege promise, with the paths as they are reached from here.

// A process: its directory in procfs, and who is asked about what its mountinfo and its root show.
struct MarkedProcess {
  std::string directory;
  std::function<sys::Result<void>(std::string_view mountinfo)> check;
  Privilege::RootCheck check_root;
};

sys::Result<RootIdentity> mark_file_system(int group, const std::string& path, std::uint64_t mask,
                                           std::uint64_t allowed_type);
// That of its root directory.
sys::Result<RootIdentity> mark_file_system(int group, const MarkedProcess& process, std::uint64_t mask,
                                           std::uint64_t allowed_type);

std::vector<sys::Result<RootIdentity>> mark_mounts(int group, const MarkedProcess& process,
                                                   const std::vector<ContainerMount>& mounts,
                                                   std::uint64_t mask);

sys::Result<sys::Fd> open_mount(const MarkedProcess& process, const ContainerMount& mount);

// Of what is open as `descriptor`, which may be an O_PATH one: `flags` are those of fanotify_mark(2).
sys::Result<void> mark_descriptor(int group, unsigned flags, std::uint64_t mask, int descriptor,
                                  const std::string& name_for_errors);

RootIdentity identity_of(const sys::FileStatus& status, const sys::FileSystemStatus& file_system);

}  // namespace dropwarden::privilege
