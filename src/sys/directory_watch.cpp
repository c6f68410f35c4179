// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/directory_watch.hpp"

#include <array>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

namespace dropwarden::sys {

Result<DirectoryWatch> DirectoryWatch::open(const std::string& directory) {
  Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return unexpected_errno("inotify_init1");
  constexpr unsigned mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;
  if (::inotify_add_watch(inotify.number(), directory.c_str(), mask) < 0)
    return unexpected_errno("inotify_add_watch", directory);
  return DirectoryWatch(std::move(inotify));
}

void DirectoryWatch::forget() {
  std::array<char, 4096> events{};
  while (::read(descriptor(), events.data(), events.size()) > 0) {
  }
}

bool DirectoryWatch::wait(std::chrono::milliseconds time) {
  struct pollfd polled{descriptor(), POLLIN, 0};
  const bool has_happened = ::poll(&polled, 1, static_cast<int>(time.count())) > 0;
  forget();
  return has_happened;
}

}  // namespace dropwarden::sys
