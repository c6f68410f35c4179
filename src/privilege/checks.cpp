// SPDX-License-Identifier: Apache-2.0
#include "checks.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <sys/fanotify.h>
#include <sys/stat.h>

#include "dropwarden/sys/fanotify_abi.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::privilege {
namespace {

std::unexpected<sys::Error> refuse(const char* call, std::string object) {
  return std::unexpected(sys::Error{call, std::move(object), EPERM});
}

// f_type of statfs(2), of file systems on local disks and in memory. As `mount::watchable_magic` has them: a
// test holds both equal.
constexpr auto local_types = std::to_array<std::uint64_t>({0xca451a4e, 0x9123683e, 0x01021994, 0x2011bab0,
                                                           0xef53, 0xf2f52010, 0x3153464a, 0x3434, 0x794c7630,
                                                           0x858458f6, 0x4d44, 0x58465342, 0x2fc12fc1});

constexpr std::uint64_t pre_access = 0x100000;  // FAN_PRE_ACCESS, Linux 6.14
constexpr std::uint64_t permission_events = FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_OPEN_EXEC_PERM | pre_access;

}  // namespace

sys::Result<void> check_group_flags(unsigned flags, unsigned event_flags) {
  // FAN_CLASS_NOTIF is 0: every other class may hold programs up.
  if ((flags & (FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT | FAN_UNLIMITED_QUEUE)) != 0)
    return refuse("fanotify_init", "class");
  if ((event_flags & ~static_cast<unsigned>(O_NONBLOCK | O_CLOEXEC | O_LARGEFILE | O_NOATIME)) != 0)
    return refuse("fanotify_init", "event_f_flags");
  return {};
}

sys::Result<void> check_group(int group, std::uint64_t mask) {
  if ((mask & permission_events) != 0) return refuse("fanotify_mark", "permission event");
  const auto name = sys::read_descriptor_path(group);
  if (!name) return std::unexpected(name.error());
  if (*name != "anon_inode:[fanotify]") return refuse("fanotify_mark", *name);
  return {};
}

sys::Result<void> check_handle_group(int group) {
  // `fanotify flags:c00 event-flags:0`, see proc(5).
  constexpr std::string_view key = "fanotify flags:";
  constexpr unsigned by_handle = FAN_REPORT_FID | FAN_REPORT_DIR_FID;
  const auto text = sys::read_file_head("/proc/self/fdinfo/" + std::to_string(group), 4096);
  if (!text) return std::unexpected(text.error());
  const auto at = text->find(key);
  const auto flags =
      at == std::string::npos ? 0UL : std::strtoul(text->c_str() + at + key.size(), nullptr, 16);
  if ((flags & by_handle) == 0) return refuse("fanotify_mark", "group that opens files");
  return {};
}

sys::Result<void> check_type(std::uint64_t type) {
  if (std::ranges::find(local_types, type) == local_types.end())
    return refuse("fanotify_mark", "file system of another type");
  return {};
}

sys::Result<void> check_plain(const sys::FileStatus& status) {
  if (!S_ISREG(status.mode) && !S_ISDIR(status.mode)) return refuse("open", "neither file nor directory");
  return {};
}

sys::Result<void> check_plain(int file) {
  const auto status = sys::read_cached_status(file);
  return status ? check_plain(*status) : std::unexpected(status.error());
}

}  // namespace dropwarden::privilege
