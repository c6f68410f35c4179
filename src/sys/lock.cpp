// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/lock.hpp"

#include <cerrno>
#include <sys/file.h>
#include <unistd.h>

namespace dropwarden::sys {

Result<void> try_lock(int fd) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR) return unexpected_errno("flock");
  }
  return {};
}

Result<void> write_file(int fd, std::string_view text) {
  if (::ftruncate(fd, 0) != 0) return unexpected_errno("ftruncate");
  if (::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return unexpected_errno("pwrite");
  return {};
}

}  // namespace dropwarden::sys
