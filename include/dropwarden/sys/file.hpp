// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::sys {

// What statx(2) says of an open file.
struct FileStatus {
  std::uint32_t mode = 0;  // type and permission bits
  std::uint32_t links = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;  // bytes
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint64_t mount_id = 0;       // as in mountinfo, 32 bits and reused; 0 before Linux 5.8
  bool is_mount_root = false;       // the top of a mount; false before Linux 5.8
  std::uint32_t special_major = 0;  // which device a device node stands for
  std::uint32_t special_minor = 0;
  util::WallTime modified;            // mtime
  util::WallTime changed;             // ctime
  std::uint64_t told_attributes = 0;  // STATX_ATTR_* that the file system tells of (stx_attributes_mask)
};

// Whether both are of one file of one file system, through whatever mounts and whenever they were read. Pure.
inline bool is_same_object(const FileStatus& one, const FileStatus& other) {
  return one.inode == other.inode && one.device_major == other.device_major &&
         one.device_minor == other.device_minor;
}

// What fstatfs(2) says of the file system an open file is on.
struct FileSystemStatus {
  std::uint64_t type = 0;  // f_type, a *_MAGIC of statfs(2)
  std::uint64_t id = 0;    // f_fsid, both words
};

Result<FileStatus> read_status(int fd);
// The same from what the kernel remembers (AT_STATX_DONT_SYNC, statx(2)), so that no FUSE server and no
// network is asked: for a descriptor of which the file system is not known yet, and for one of an overlay,
// which asks its lower layers, too. What the kernel alone serves it knows; else sizes and times may be old.
Result<FileStatus> read_cached_status(int fd);
// Likewise of what the single name `name` stands for in an open directory: of a link itself, and of what is
// mounted there.
Result<FileStatus> read_cached_entry_status(int directory, const std::string& name);
// The little of it that is asked for most: where every call counts.
struct FileShape {
  std::uint32_t mode = 0;  // type and permission bits
  std::uint64_t size = 0;
};
Result<FileShape> read_shape(int fd) noexcept;
Result<FileSystemStatus> read_file_system_status(int fd);

// The mount an open descriptor is on, as in mountinfo. Asks the kernel alone, never the server of a FUSE or
// network file system, which might not answer.
Result<std::uint64_t> read_mount_id(int fd);

// An extended attribute (xattr(7)), also of an O_PATH descriptor; nothing when there is none, or the file
// system has none. ERANGE when it is longer than `max_bytes`.
Result<std::optional<std::string>> read_attribute(int fd, const std::string& name, std::size_t max_bytes);

// False when no extended attribute of a file that the caller may read has a name that begins so
// (listxattr(2)). Where the file system does not list them, or they are very many, it is not known.
Result<bool> may_have_attributes(int fd, std::string_view prefix);

// Bytes read into `into` from `offset`, short only at the end of the file. EINTR is retried, EAGAIN is not:
// an event descriptor is non-blocking so that a lease cannot hold us (fcntl(2), F_SETLEASE).
Result<std::size_t> read_at(int fd, std::span<std::byte> into, std::uint64_t offset);
// With a single call: a server (FUSE) may give less than there is.
Result<std::size_t> read_once_at(int fd, std::span<std::byte> into, std::uint64_t offset) noexcept;

// All of a file of /proc or of the configuration, at most `max_bytes`; EFBIG when it holds more.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);
Result<std::string> read_file(int fd, std::size_t max_bytes, std::string_view name_for_errors);

// The first bytes of such a file, at most `max_bytes`: what is longer is cut.
Result<std::string> read_file_head(const std::string& path, std::size_t max_bytes);

// The target of a symbolic link or magic link, whole: the buffer grows until it fits.
Result<std::string> read_link(const std::string& path);

// The path the kernel knows an open descriptor by: readlink of /proc/self/fd/N. Raw bytes; an unlinked file
// ends in ` (deleted)`, and so may a live one that is named so: ask `FileStatus::links`.
Result<std::string> read_descriptor_path(int fd);

// Opens by the rules of the calling process; O_CLOEXEC is added. Not for paths that a container could have
// written.
Result<Fd> open_path(const std::string& path, int flags, std::uint32_t mode = 0);

// Opens once more what an O_PATH descriptor stands for, the same file whatever its name leads to by now.
// O_CLOEXEC is added.
Result<Fd> reopen(int fd, int flags);

// The directory `levels` above `directory`, O_PATH: by way of mount points as well, and no further than the
// root.
Result<Fd> open_above(int directory, unsigned levels);

// Opens `relative` below `directory` without ever leaving it, following no symbolic and no magic link
// (openat2(2), RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS): for trees that containers
// write. Leading slashes of `relative` are dropped. O_CLOEXEC is added, and O_NONBLOCK unless `flags` has
// O_PATH. Where mounts are refused, one in the way is EXDEV (RESOLVE_NO_XDEV). The same
// without openat2(2), where a seccomp filter refuses it.
enum class Mounts { crossed, refused };
Result<Fd> open_beneath(int directory, std::string relative, int flags, Mounts mounts = Mounts::crossed);

// What the mount point `path` of a container shows, as an O_PATH descriptor: looked up below `root` as a
// process with that root directory would (RESOLVE_IN_ROOT), following no link. Out of the kernel's cache
// alone (RESOLVE_CACHED, Linux 5.12), where a mount point always is: so no file system that the container
// mounted on the way is asked, which might never answer. EAGAIN when the cache was not enough: `is_cached` is
// false to try without.
// Where a seccomp filter hides openat2(2) no lookup can be kept in the cache: names below another mount are
// then asked of its file system, whatever `is_cached` is.
Result<Fd> open_mount_point(int root, const std::string& path, bool is_cached = true);

}  // namespace dropwarden::sys
