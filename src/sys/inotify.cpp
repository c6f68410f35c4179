// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/inotify.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <sys/inotify.h>
#include <unistd.h>

namespace dropwarden::sys {

Result<Fd> open_inotify() {
  const int number = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (number < 0) return unexpected_errno("inotify_init1");
  return Fd{number};
}

Result<void> watch_directory(int inotify, const std::string& directory) {
  constexpr std::uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                                 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (::inotify_add_watch(inotify, directory.c_str(), mask) < 0)
    return unexpected_errno("inotify_add_watch", directory);
  return {};
}

void parse_names(std::string_view events, std::vector<std::string>& names) {
  while (events.size() >= sizeof(struct inotify_event)) {
    struct inotify_event event{};
    std::memcpy(&event, events.data(), sizeof event);
    events.remove_prefix(sizeof event);
    const std::string_view name = events.substr(0, event.len);  // padded with NUL
    names.emplace_back(name.substr(0, name.find('\0')));
    events.remove_prefix(name.size());
  }
}

std::vector<std::string> read_names(int inotify) {
  std::vector<std::string> names;
  std::array<char, 16384> events{};
  for (;;) {
    const ssize_t got = ::read(inotify, events.data(), events.size());
    if (got <= 0) return names;
    parse_names({events.data(), static_cast<std::size_t>(got)}, names);
  }
}

}  // namespace dropwarden::sys
