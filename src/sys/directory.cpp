// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/directory.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace dropwarden::sys {

Result<void> make_directory(const std::string& path, std::uint32_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno != EEXIST) return unexpected_errno("mkdir", path);
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return unexpected_errno("stat", path);
  if (!S_ISDIR(status.st_mode)) return std::unexpected(Error{"mkdir", path, ENOTDIR});
  return {};
}

Result<void> remove_socket(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return unexpected_errno("lstat", path);
  }
  if (!S_ISSOCK(status.st_mode)) return std::unexpected(Error{"unlink", path, ENOTSOCK});
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return unexpected_errno("unlink", path);
  return {};
}

}  // namespace dropwarden::sys
