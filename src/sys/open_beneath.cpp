// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dropwarden/sys/file.hpp"

#include "walk_beneath.hpp"

namespace dropwarden::sys {

Result<Fd> open_beneath(int directory, std::string relative, int flags, Mounts mounts) {
  relative.erase(0, relative.find_first_not_of('/'));
  if (relative.empty()) relative.push_back('.');
  struct open_how how{};
  // openat2(2) refuses O_PATH with O_NONBLOCK, which it does not need: it opens nothing that could block.
  const int non_blocking = (flags & O_PATH) != 0 ? 0 : O_NONBLOCK;
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | non_blocking);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (mounts == Mounts::refused) how.resolve |= RESOLVE_NO_XDEV;
  // EAGAIN is a rename or mount that raced with the lookup, or a lease: a container can make both last for
  // ever.
  constexpr int max_attempts = 8;
  for (int attempt = 0;; ++attempt) {
    const long number = ::syscall(SYS_openat2, directory, relative.c_str(), &how, sizeof how);
    if (number >= 0) return Fd{static_cast<int>(number)};
    // Neither is an answer of openat2(2) itself to what is asked here.
    if (errno == ENOSYS || errno == EPERM)
      return walk_beneath(directory, relative, flags | non_blocking, mounts);
    if ((errno != EINTR && errno != EAGAIN) || attempt == max_attempts)
      return unexpected_errno("openat2", relative);
  }
}

}  // namespace dropwarden::sys
