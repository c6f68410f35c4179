// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::watch {

// Opens a group: privilege::Privilege::open_group, handed in by the composition root.
using OpenGroup = std::function<sys::Result<sys::Fd>(unsigned flags, unsigned event_flags)>;

// What this kernel's fanotify can do, found by trying (never by version).
struct Features {
  bool has_fd_error = false;      // FAN_REPORT_FD_ERROR, Linux 6.13
  bool has_mount_events = false;  // FAN_REPORT_MNT, Linux 6.15
};

// Tries each flag on a throw-away group. An error when fanotify cannot be used at all: EPERM without
// CAP_SYS_ADMIN, ENOSYS without CONFIG_FANOTIFY or under a seccomp filter, EMFILE when the user has too many
// groups.
sys::Result<Features> probe_features(const OpenGroup& open_group);

// Flags of fanotify_init(2) for the group of sensor A (descriptor mode, bounded queue), and of its event
// descriptors: O_NONBLOCK, so that a lease cannot hold the reader (fcntl(2), F_SETLEASE); O_NOATIME, so that
// reading a header neither changes the file's access time nor writes its inode.
unsigned group_flags(const Features& features);
unsigned group_event_flags();
// The mask of sensor A's marks, and of sensor E's: in one group, so that they come in the order in which they
// happened. The kernel merges what one process does to one file while it is queued (fanotify(7)): a record
// may carry both.
std::uint64_t close_write_mask();
std::uint64_t exec_mask();
// Flags and mask of the mount event group.
unsigned mount_group_flags();
std::uint64_t mount_mask();

}  // namespace dropwarden::watch
