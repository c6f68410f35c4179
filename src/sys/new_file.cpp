// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/new_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace dropwarden::sys {

Result<Fd> open_unnamed_file(int directory) {
  Fd file(::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!file) return unexpected_errno("openat", "O_TMPFILE");
  return file;
}

Result<void> write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return unexpected_errno("pwrite");
    if (written == 0) return std::unexpected(Error{"pwrite", "", ENOSPC});
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> set_size(int fd, std::uint64_t size) {
  if (::ftruncate(fd, static_cast<off_t>(size)) != 0) return unexpected_errno("ftruncate");
  return {};
}

Result<void> set_mode(int fd, std::uint32_t mode) {
  if (::fchmod(fd, mode) != 0) return unexpected_errno("fchmod");
  return {};
}

Result<void> flush_data(int fd) {
  if (::fdatasync(fd) != 0) return unexpected_errno("fdatasync");
  return {};
}

Result<bool> link_unnamed_file(int fd, int directory, const std::string& name) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  if (::linkat(AT_FDCWD, path.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  if (errno == EEXIST) return false;
  return unexpected_errno("linkat", name);
}

Result<std::uint64_t> read_free_bytes(int fd) {
  struct statvfs status{};
  if (::fstatvfs(fd, &status) != 0) return unexpected_errno("fstatvfs");
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace dropwarden::sys
