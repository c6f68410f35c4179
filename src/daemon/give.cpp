// SPDX-License-Identifier: Apache-2.0
#include "give.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace dropwarden::daemon {

sys::Result<void> give(int file, const User& user, const std::string& name) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return sys::unexpected_errno("fstat", name);
  if (status.st_uid == user.uid) return {};
  if (::fchown(file, user.uid, user.gid) == 0) return {};
  if (errno != EPERM) return sys::unexpected_errno("fchown", name);
  // Without CAP_CHOWN a group that the process is in may still be given what it owns (chown(2)).
  const mode_t mode = S_ISDIR(status.st_mode) ? 0770 : 0660;
  const gid_t own = ::getegid();
  if (::setegid(user.gid) != 0) return sys::unexpected_errno("fchown", name);
  const bool is_given = ::fchown(file, static_cast<uid_t>(-1), user.gid) == 0 && ::fchmod(file, mode) == 0;
  auto result = is_given ? sys::Result<void>{} : sys::unexpected_errno("fchown", name);
  if (::setegid(own) != 0) return sys::unexpected_errno("setegid");
  return result;
}

}  // namespace dropwarden::daemon
