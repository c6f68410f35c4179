// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/pidfd.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace dropwarden::sys {

Result<Fd> open_pidfd(std::int32_t pid) {
  // By number: the wrapper came with glibc 2.36.
  const long number = ::syscall(SYS_pidfd_open, pid, 0);
  if (number < 0) return unexpected_errno("pidfd_open", std::to_string(pid));
  return Fd{static_cast<int>(number)};
}

Result<bool> has_exited(int pidfd) {
  struct pollfd polled{pidfd, POLLIN, 0};
  while (true) {
    const int ready = ::poll(&polled, 1, 0);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return unexpected_errno("poll", "pidfd");
  }
}

Result<Fd> duplicate_from(int pidfd, int number) {
  const long duplicate = ::syscall(SYS_pidfd_getfd, pidfd, number, 0);
  if (duplicate < 0) return unexpected_errno("pidfd_getfd", std::to_string(number));
  return Fd{static_cast<int>(duplicate)};
}

}  // namespace dropwarden::sys
