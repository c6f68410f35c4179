// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/upper_directory.hpp"

#include <array>
#include <cstddef>
#include <fcntl.h>
#include <string>
#include <sys/fanotify.h>
#include <unistd.h>

#include "dropwarden/sys/fanotify_group.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::sys {
namespace {

// Of what others do there at the same time: the queue has 16384 records.
constexpr int most_readings = 128;

// The records of one reading: whether one of them is of this thread. Each opens the directory.
bool has_own(std::byte* records, ssize_t size) {
  bool is_found = false;
  const auto* record = reinterpret_cast<const fanotify_event_metadata*>(records);
  for (; FAN_EVENT_OK(record, size); record = FAN_EVENT_NEXT(record, size)) {
    const Fd opened{record->fd};
    is_found = is_found || record->pid == ::gettid();
  }
  return is_found;
}

bool is_told(const Fd& group) {
  alignas(fanotify_event_metadata) std::array<std::byte, 4096> records;
  for (int i = 0; i < most_readings; ++i) {
    const ssize_t size = ::read(group.number(), records.data(), records.size());
    if (size <= 0) return false;
    if (has_own(records.data(), size)) return true;
  }
  return false;
}

}  // namespace

Result<bool> is_upper_directory(int overlay, int directory) {
  // The limit of marks is one for all of uid 0, root of a container among them.
  constexpr unsigned flags = FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_REPORT_TID | FAN_UNLIMITED_MARKS;
  const auto group = open_fanotify_group(flags, O_RDONLY);
  if (!group) return std::unexpected(group.error());
  // The end of what is opened: before Linux 6.5 the kernel tells of no beginning that is its own.
  const std::string link = "/proc/self/fd/" + std::to_string(directory);
  if (::fanotify_mark(group->number(), FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_CLOSE_NOWRITE | FAN_ONDIR,
                      AT_FDCWD, link.c_str()) != 0)
    return unexpected_errno("fanotify_mark", link);
  auto opened = reopen(overlay, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!opened) return std::unexpected(std::move(opened.error()));
  opened->reset();
  return is_told(*group);
}

}  // namespace dropwarden::sys
