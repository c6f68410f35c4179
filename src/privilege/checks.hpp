// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::privilege {

// What the guard asks of a request. Each says nothing, or why not.

// For open_group.
sys::Result<void> check_group_flags(unsigned flags, unsigned event_flags);
// That `group` is an fanotify group, and that `mask` has nothing anybody would wait for.
sys::Result<void> check_group(int group, std::uint64_t mask);
// That the group opens no files: it tells of them by handles (FAN_REPORT_FID and its kin).
sys::Result<void> check_handle_group(int group);
// That files of a file system of this f_type are served by the kernel alone.
sys::Result<void> check_type(std::uint64_t type);
// That `file` is a regular file or a directory. Asks no server.
sys::Result<void> check_plain(int file);
sys::Result<void> check_plain(const sys::FileStatus& status);

}  // namespace dropwarden::privilege
