// SPDX-License-Identifier: Apache-2.0
#include "busy_execution.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/watch/features.hpp"

namespace dropwarden::cli {

bool tells_of_busy_execution(privilege::Privilege& privilege, const ThrowawayContainer& container) {
  const auto group =
      sys::value_or_throw(privilege.open_group(watch::group_flags({}), watch::group_event_flags()));
  sys::value_or_throw(privilege.mark_file_system(group.number(), privilege::MountPoint{container.root()},
                                                 watch::exec_mask(), OVERLAYFS_SUPER_MAGIC));
  const bool is_tried = container.run([] {
    const char* path = "/tmp/busy";
    const auto writer = sys::value_or_throw(sys::open_path(path, O_WRONLY | O_CREAT, 0755));
    ::execl(path, path, nullptr);
    if (errno != ETXTBSY) throw sys::SystemError(sys::last_error("execl", path));
  });
  fanotify_event_metadata event{};
  if (!is_tried || ::read(group.number(), &event, sizeof event) != sizeof event) return false;
  const sys::Fd file{event.fd};
  return (event.mask & FAN_OPEN_EXEC) != 0;
}

}  // namespace dropwarden::cli
