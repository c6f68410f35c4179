// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// Creates `path`, but not its parents, with the permission bits `mode` (less the umask). Well, too, when a
// directory is there already: its mode and owner stay as they are.
Result<void> make_directory(const std::string& path, std::uint32_t mode);

// Whether nobody but root and this user, or the user's group, may change the directory `path`: whoever may
// puts another file in the place of one that is opened there by name.
Result<bool> is_private_directory(const std::string& path);

// The names in the open directory `fd`, as the kernel lists them, without `.` and `..`: the first
// `max_names`.
Result<std::vector<std::string>> list_directory(int fd, std::size_t max_names);

// What a directory says of an entry (d_type, getdents(2)): `unknown` where its file system does not tell.
enum class EntryType { unknown, directory, regular, other };

struct DirectoryEntry {
  std::string name;  // raw bytes
  EntryType type = EntryType::unknown;
};

// Some of a directory's entries, and where the next ones begin.
struct DirectoryPart {
  std::vector<DirectoryEntry> entries;
  std::int64_t next = 0;   // for `seek_directory`
  std::size_t bytes = 0;   // that the kernel needed for them
  bool is_at_end = false;  // there were none left
};

// The least that `read_directory` may be given: room for an entry with the longest name.
inline constexpr std::size_t max_directory_entry = 280;

// What getdents64(2) has written. Nothing where a record is longer than the rest, or has no name. Pure.
std::optional<DirectoryPart> parse_directory(std::span<const std::byte> records);

// The entries at the descriptor's position, without `.` and `..`: one getdents64(2) with a buffer of
// `max_bytes`. For directories too large to be listed at once. EBADMSG where that is no list of records.
Result<DirectoryPart> read_directory(int fd, std::size_t max_bytes);

// Continues where a DirectoryPart of the same directory, maybe by another descriptor, ended. Holds on file
// systems with stable positions (ext4, xfs, btrfs; tmpfs since Linux 6.6); elsewhere only while no entry has
// come or gone.
Result<void> seek_directory(int fd, std::int64_t position);

// Removes a socket, if there is one; ENOTSOCK when something else is at `path`.
Result<void> remove_socket(const std::string& path);

}  // namespace dropwarden::sys
