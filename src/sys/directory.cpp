// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/directory.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace dropwarden::sys {

Result<void> make_directory(const std::string& path, std::uint32_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno != EEXIST) return unexpected_errno("mkdir", path);
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return unexpected_errno("stat", path);
  if (!S_ISDIR(status.st_mode)) return std::unexpected(Error{"mkdir", path, ENOTDIR});
  return {};
}

Result<bool> is_private_directory(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return unexpected_errno("stat", path);
  if (!S_ISDIR(status.st_mode)) return std::unexpected(Error{"stat", path, ENOTDIR});
  const bool is_ours = status.st_uid == 0 || status.st_uid == ::geteuid();
  // Where a directory could not be given to the user, it was given to the group that is this user's alone.
  const bool is_group_ours = status.st_gid == ::getegid() && ::getegid() != 0 && ::geteuid() != 0;
  return is_ours && (status.st_mode & S_IWOTH) == 0 && ((status.st_mode & S_IWGRP) == 0 || is_group_ours);
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

namespace {

EntryType type_of(unsigned char type) {
  if (type == DT_UNKNOWN) return EntryType::unknown;
  if (type == DT_DIR) return EntryType::directory;
  return type == DT_REG ? EntryType::regular : EntryType::other;
}

}  // namespace

std::optional<DirectoryPart> parse_directory(std::span<const std::byte> records) {
  constexpr std::size_t header = offsetof(struct dirent64, d_name);
  DirectoryPart part;
  part.bytes = records.size();
  part.is_at_end = records.empty();
  while (!records.empty()) {
    struct dirent64 entry{};
    if (records.size() < header) return std::nullopt;
    std::memcpy(&entry, records.data(), header);
    if (entry.d_reclen <= header || entry.d_reclen > records.size()) return std::nullopt;
    const std::string_view padded(reinterpret_cast<const char*>(records.data()) + header,
                                  entry.d_reclen - header);
    const std::string_view name = padded.substr(0, padded.find('\0'));
    if (name != "." && name != "..") part.entries.push_back({std::string(name), type_of(entry.d_type)});
    part.next = entry.d_off;
    records = records.subspan(entry.d_reclen);
  }
  return part;
}

Result<DirectoryPart> read_directory(int fd, std::size_t max_bytes) {
  std::vector<std::byte> buffer(max_bytes);
  const ssize_t got = ::getdents64(fd, buffer.data(), buffer.size());
  if (got < 0) return unexpected_errno("getdents64");
  auto part = parse_directory(std::span(buffer).first(static_cast<std::size_t>(got)));
  if (!part) return std::unexpected(Error{"getdents64", "", EBADMSG});
  return std::move(*part);
}

Result<void> seek_directory(int fd, std::int64_t position) {
  if (::lseek(fd, position, SEEK_SET) < 0) return unexpected_errno("lseek");
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
