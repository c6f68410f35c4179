// SPDX-License-Identifier: Apache-2.0
#include "upper_probe.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/fanotify.h>
#include <thread>
#include <unistd.h>

#include "dropwarden/sys/descriptor.hpp"
#include "dropwarden/sys/fanotify_group.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/file.hpp"

#include "private_overlay.hpp"

namespace dropwarden::privilege {
namespace {

sys::Result<void> write_and_rename(const std::string& merged) {
  const std::string part = merged + "/part";
  auto file = sys::open_path(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (!file) return std::unexpected(std::move(file.error()));
  if (::write(file->number(), "x", 1) != 1) return sys::unexpected_errno("write", part);
  file->reset();
  if (::rename(part.c_str(), (merged + "/whole").c_str()) != 0) return sys::unexpected_errno("rename", part);
  return {};
}

// The masks of all that is queued, together.
std::uint64_t read_masks(int group) {
  std::uint64_t masks = 0;
  alignas(struct fanotify_event_metadata) std::array<std::byte, 4096> buffer;
  while (const auto got = sys::read_some(group, buffer)) {
    auto rest = std::span<const std::byte>(buffer).first(*got);
    while (rest.size() >= sizeof(struct fanotify_event_metadata)) {
      struct fanotify_event_metadata event{};
      std::memcpy(&event, rest.data(), sizeof event);
      if (event.event_len < sizeof event || event.event_len > rest.size()) break;
      masks |= event.mask;
      rest = rest.subspan(event.event_len);
    }
  }
  return masks;
}

sys::Result<UpperEvents> try_events(const std::string& place) {
  if (auto left = leave_mounts(); !left) return std::unexpected(std::move(left.error()));
  if (auto made = make_tmpfs(place); !made) return std::unexpected(std::move(made.error()));
  if (auto made = make_overlay(place); !made) return std::unexpected(std::move(made.error()));
  const auto group = sys::open_fanotify_group(
      FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_UNLIMITED_MARKS | FAN_REPORT_FID | FAN_REPORT_DFID_NAME, O_RDONLY);
  if (!group) return std::unexpected(group.error());
  if (::fanotify_mark(group->number(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CLOSE_WRITE | FAN_MOVED_TO,
                      AT_FDCWD, (place + "/upper").c_str()) != 0) {
    return sys::unexpected_errno("fanotify_mark", "tmpfs");
  }
  if (auto written = write_and_rename(place + "/merged"); !written)
    return std::unexpected(std::move(written.error()));
  const std::uint64_t masks = read_masks(group->number());
  return UpperEvents{.has_names = (masks & FAN_MOVED_TO) != 0, .has_writes = (masks & FAN_CLOSE_WRITE) != 0};
}

}  // namespace

sys::Result<UpperEvents> probe_upper_events(const std::string& place) {
  std::optional<sys::Result<UpperEvents>> result;
  // The root directory of a thread that has left its mount namespace is its own.
  std::thread([&] { result = try_events(place); }).join();
  return *result;
}

}  // namespace dropwarden::privilege
