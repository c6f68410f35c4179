// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "dropwarden/util/text.hpp"

namespace dropwarden::sys {
namespace {

util::WallTime to_wall_time(const struct statx_timestamp& stamp) {
  return util::WallTime{std::chrono::seconds{stamp.tv_sec} + std::chrono::nanoseconds{stamp.tv_nsec}};
}

std::string descriptor_link(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

Result<FileStatus> read_status_with(int fd, const char* name, int flags) {
  struct statx raw{};
  if (::statx(fd, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, &raw) != 0) {
    return unexpected_errno("statx", name);
  }
  return FileStatus{.mode = raw.stx_mode,
                    .links = raw.stx_nlink,
                    .uid = raw.stx_uid,
                    .gid = raw.stx_gid,
                    .inode = raw.stx_ino,
                    .size = raw.stx_size,
                    .device_major = raw.stx_dev_major,
                    .device_minor = raw.stx_dev_minor,
                    .mount_id = (raw.stx_mask & STATX_MNT_ID) != 0 ? raw.stx_mnt_id : 0,
                    .is_mount_root = (raw.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0,
                    .special_major = raw.stx_rdev_major,
                    .special_minor = raw.stx_rdev_minor,
                    .modified = to_wall_time(raw.stx_mtime),
                    .changed = to_wall_time(raw.stx_ctime),
                    .told_attributes = raw.stx_attributes_mask};
}

}  // namespace

Result<FileStatus> read_status(int fd) {
  return read_status_with(fd, "", AT_EMPTY_PATH | AT_STATX_SYNC_AS_STAT);
}

Result<FileStatus> read_cached_status(int fd) {
  return read_status_with(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC);
}

Result<FileStatus> read_cached_entry_status(int directory, const std::string& name) {
  return read_status_with(directory, name.c_str(),
                          AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC);
}

Result<FileShape> read_shape(int fd) noexcept {
  struct statx raw{};
  constexpr unsigned mask = STATX_TYPE | STATX_MODE | STATX_SIZE;
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, mask, &raw) != 0) return unexpected_errno("statx");
  return FileShape{.mode = raw.stx_mode, .size = raw.stx_size};
}

Result<FileSystemStatus> read_file_system_status(int fd) {
  struct statfs raw{};
  if (::fstatfs(fd, &raw) != 0) return unexpected_errno("fstatfs");
  FileSystemStatus status{.type = static_cast<std::uint64_t>(raw.f_type) & 0xffffffffU, .id = 0};
  static_assert(sizeof raw.f_fsid == sizeof status.id);
  std::memcpy(&status.id, &raw.f_fsid, sizeof status.id);
  return status;
}

Result<std::uint64_t> read_mount_id(int fd) {
  struct statx raw{};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &raw) != 0) {
    return unexpected_errno("statx");
  }
  return (raw.stx_mask & STATX_MNT_ID) != 0 ? raw.stx_mnt_id : 0;
}

Result<std::optional<std::string>> read_attribute(int fd, const std::string& name, std::size_t max_bytes) {
  // fgetxattr(2) takes no O_PATH descriptor; its link in /proc does, and leads to the very same file.
  const std::string link = descriptor_link(fd);
  std::string value(max_bytes, '\0');
  const ssize_t got = ::getxattr(link.c_str(), name.c_str(), value.data(), value.size());
  if (got < 0 && (errno == ENODATA || errno == ENOTSUP)) return std::nullopt;
  if (got < 0) return unexpected_errno("getxattr", name);
  value.resize(static_cast<std::size_t>(got));
  return value;
}

Result<bool> may_have_attributes(int fd, std::string_view prefix) {
  const std::string link = descriptor_link(fd);
  std::array<char, 1024> names;
  const ssize_t got = ::listxattr(link.c_str(), names.data(), names.size());
  if (got < 0 && (errno == ENOTSUP || errno == ERANGE || errno == E2BIG)) return true;
  if (got < 0) return unexpected_errno("listxattr");
  std::string_view rest(names.data(), static_cast<std::size_t>(got));
  while (!rest.empty()) {
    if (util::take_until(rest, '\0').starts_with(prefix)) return true;
  }
  return false;
}

Result<std::size_t> read_once_at(int fd, std::span<std::byte> into, std::uint64_t offset) noexcept {
  while (true) {
    const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unexpected_errno("pread");
    return static_cast<std::size_t>(got);
  }
}

Result<std::size_t> read_at(int fd, std::span<std::byte> into, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got = read_once_at(fd, into.subspan(done), offset + done);
    if (!got) return got;
    if (*got == 0) break;
    done += *got;
  }
  return done;
}

Result<std::string> read_file(int fd, std::size_t max_bytes, std::string_view name_for_errors) {
  std::string text;
  while (true) {
    const std::size_t before = text.size();
    const std::size_t room = std::min<std::size_t>(before == 0 ? 4096 : before, max_bytes + 1 - before);
    text.resize(before + room);
    const ssize_t got = ::read(fd, text.data() + before, room);
    if (got < 0 && errno == EINTR) {
      text.resize(before);
      continue;
    }
    if (got < 0) return unexpected_errno("read", name_for_errors);
    text.resize(before + static_cast<std::size_t>(got));
    if (got == 0) return text;
    if (text.size() > max_bytes) return std::unexpected(Error{"read", std::string(name_for_errors), EFBIG});
  }
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  auto fd = open_path(path, O_RDONLY);
  if (!fd) return std::unexpected(std::move(fd.error()));
  return read_file(fd->number(), max_bytes, path);
}

Result<std::string> read_file_head(const std::string& path, std::size_t max_bytes) {
  auto fd = open_path(path, O_RDONLY);
  if (!fd) return std::unexpected(std::move(fd.error()));
  constexpr std::size_t step = 65536;
  std::string text;
  while (text.size() < max_bytes) {
    const std::size_t before = text.size();
    text.resize(std::min(before + step, max_bytes));
    const ssize_t got = ::read(fd->number(), text.data() + before, text.size() - before);
    if (got < 0 && errno != EINTR) return unexpected_errno("read", path);
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
  }
  return text;
}

Result<std::string> read_link(const std::string& path) {
  std::string target(256, '\0');
  while (true) {
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    if (length < 0) return unexpected_errno("readlink", path);
    if (static_cast<std::size_t>(length) < target.size()) {
      target.resize(static_cast<std::size_t>(length));
      target.shrink_to_fit();  // some are kept for as long as a container lives
      return target;
    }
    target.resize(target.size() * 2);
  }
}

Result<std::string> read_descriptor_path(int fd) {
  return read_link(descriptor_link(fd));
}

Result<Fd> open_path(const std::string& path, int flags, std::uint32_t mode) {
  while (true) {
    const int number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (number >= 0) return Fd{number};
    if (errno != EINTR) return unexpected_errno("open", path);
  }
}

Result<Fd> open_above(int directory, unsigned levels) {
  std::string up = ".";
  for (unsigned i = 0; i < levels; ++i) up += "/..";
  const int number = ::openat(directory, up.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return unexpected_errno("openat", "..");
  return Fd{number};
}

Result<Fd> reopen(int fd, int flags) {
  return open_path(descriptor_link(fd), flags);
}

}  // namespace dropwarden::sys
