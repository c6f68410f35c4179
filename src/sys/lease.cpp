// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/lease.hpp"

#include <cerrno>
#include <fcntl.h>

namespace dropwarden::sys {

Result<bool> is_open_for_write(int fd) {
  if (::fcntl(fd, F_SETLEASE, F_RDLCK) != 0) {
    if (errno == EAGAIN) return true;
    return unexpected_errno("fcntl", "F_SETLEASE");
  }
  // It goes with the descriptor in any case.
  if (::fcntl(fd, F_SETLEASE, F_UNLCK) != 0) return unexpected_errno("fcntl", "F_SETLEASE");
  return false;
}

}  // namespace dropwarden::sys
