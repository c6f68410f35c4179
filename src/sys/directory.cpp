// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/directory.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
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

Result<std::vector<std::string>> list_directory(int fd, std::size_t max_names) {
  // A description of its own: the position in it is nobody else's.
  const int own = ::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return unexpected_errno("openat", ".");
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(own), ::closedir);
  if (!directory) {
    const int number = errno;
    ::close(own);
    return std::unexpected(Error{"fdopendir", "", number});
  }
  std::vector<std::string> names;
  while (names.size() < max_names) {
    errno = 0;
    const struct dirent* entry = ::readdir(directory.get());
    if (entry == nullptr && errno != 0) return unexpected_errno("readdir");
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
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
