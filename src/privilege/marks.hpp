// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::privilege {

// What the methods of the same name of Privilege promise, with the paths as they are reached from here.

enum class Links { followed, refused };
sys::Result<RootIdentity> mark_file_system(int group, const std::string& path, Links links,
                                           std::uint64_t mask, std::uint64_t allowed_type);

// `process` is the process's directory in procfs.
std::vector<sys::Result<RootIdentity>> mark_mounts(int group, const std::string& process,
                                                   const std::vector<ContainerMount>& mounts,
                                                   std::uint64_t mask);

sys::Result<sys::Fd> open_mount(const std::string& process, const ContainerMount& mount);

// Of what is open as `descriptor`, which may be an O_PATH one: `flags` are those of fanotify_mark(2).
sys::Result<void> mark_descriptor(int group, unsigned flags, std::uint64_t mask, int descriptor,
                                  const std::string& name_for_errors);

RootIdentity identity_of(const sys::FileStatus& status, const sys::FileSystemStatus& file_system);

}  // namespace dropwarden::privilege
