// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::privilege {

// What the methods of the same name of Privilege promise; `path` is the mount point as it is reached from
// here.
sys::Result<RootIdentity> mark_by_handle(int group, const std::string& path, const HostMount& mount,
                                         const HandleMask& mask);
sys::Result<void> ignore_mount(int group, const std::string& path, const HostMount& mount,
                               std::uint64_t mask);
sys::Result<sys::Fd> open_handle_mount(const std::string& path, const HostMount& mount);

}  // namespace dropwarden::privilege
