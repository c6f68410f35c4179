// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"

#include "walk_beneath.hpp"

namespace dropwarden::sys {

Result<Fd> open_mount_point(int root, const std::string& path, bool is_cached) {
  struct open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (is_cached) how.resolve |= RESOLVE_CACHED;
  // EAGAIN is a rename or mount that raced with the lookup, which a container can make last for ever, or a
  // lookup that would have had to leave the cache.
  constexpr int max_attempts = 8;
  for (int attempt = 0;; ++attempt) {
    const long number = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (number >= 0) return Fd{static_cast<int>(number)};
    // Before Linux 5.12 RESOLVE_CACHED is unknown.
    if (errno == EINVAL && is_cached) return open_mount_point(root, path, false);
    // Neither is an answer of openat2(2) itself to what is asked here: a seccomp filter hides it.
    if (errno == ENOSYS || errno == EPERM) {
      const auto begin = path.find_first_not_of('/');
      return walk_beneath(root, begin == std::string::npos ? "." : path.substr(begin), O_PATH,
                          Mounts::crossed);
    }
    if ((errno != EINTR && errno != EAGAIN) || attempt == max_attempts)
      return unexpected_errno("openat2", path);
  }
}

}  // namespace dropwarden::sys
