// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/descriptor.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace dropwarden::sys {

Result<std::size_t> read_some(int fd, std::span<std::byte> into) {
  while (true) {
    const ssize_t got = ::read(fd, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return unexpected_errno("read");
  }
}

Result<std::size_t> read_queued_bytes(int fd) {
  int bytes = 0;
  if (::ioctl(fd, FIONREAD, &bytes) != 0) return unexpected_errno("ioctl", "FIONREAD");
  return static_cast<std::size_t>(bytes);
}

Result<void> rewind(int fd) {
  if (::lseek(fd, 0, SEEK_SET) != 0) return unexpected_errno("lseek");
  return {};
}

Result<bool> take_urgent(int fd) {
  struct pollfd entry{.fd = fd, .events = POLLPRI, .revents = 0};
  while (true) {
    const int ready = ::poll(&entry, 1, 0);
    if (ready >= 0) return (entry.revents & POLLPRI) != 0;
    if (errno != EINTR) return unexpected_errno("poll");
  }
}

}  // namespace dropwarden::sys
