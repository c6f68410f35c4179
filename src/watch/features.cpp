// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/features.hpp"

#include <cerrno>
#include <fcntl.h>

#include "dropwarden/sys/fanotify_abi.hpp"

namespace dropwarden::watch {
namespace {

// fanotify_init(2) refuses a flag that it does not know with EINVAL; any other failure says nothing about the
// flag.
sys::Result<bool> is_supported(const OpenGroup& open_group, unsigned flags, unsigned event_flags) {
  auto group = open_group(flags, event_flags);
  if (group) return true;
  if (group.error().number == EINVAL) return false;
  return std::unexpected(std::move(group.error()));
}

}  // namespace

sys::Result<Features> probe_features(const OpenGroup& open_group) {
  // Without any new flag first: EINVAL here is not about a flag that may be left out.
  if (auto group = open_group(group_flags({}), group_event_flags()); !group) {
    return std::unexpected(std::move(group.error()));
  }
  const auto fd_error = is_supported(open_group, group_flags({.has_fd_error = true}), group_event_flags());
  if (!fd_error) return std::unexpected(fd_error.error());
  const auto mount_events = is_supported(open_group, mount_group_flags(), O_RDONLY);
  if (!mount_events) return std::unexpected(mount_events.error());
  return Features{.has_fd_error = *fd_error, .has_mount_events = *mount_events};
}

// Without a limit of marks: that is one for all groups of root, and root of a container may be one
// (fanotify(7): since Linux 5.13 anybody has groups), who would keep each further container from being
// marked.
unsigned group_flags(const Features& features) {
  const unsigned flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS;
  return features.has_fd_error ? flags | sys::fanotify_abi::report_fd_error : flags;
}

unsigned group_event_flags() {
  return O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK | O_NOATIME;
}

std::uint64_t close_write_mask() {
  return FAN_CLOSE_WRITE;
}

std::uint64_t exec_mask() {
  return FAN_OPEN_EXEC;
}

unsigned mount_group_flags() {
  return FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS | sys::fanotify_abi::report_mount;
}

std::uint64_t mount_mask() {
  return sys::fanotify_abi::mount_attach | sys::fanotify_abi::mount_detach;
}

}  // namespace dropwarden::watch
