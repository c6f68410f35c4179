// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// A new file that comes into being whole: it has no name until it was written to its end, and is gone with
// its descriptor if it never gets one (O_TMPFILE, open(2)).

// In the open directory `directory`, to be written, mode 0600. EOPNOTSUPP where its file system has none.
Result<Fd> open_unnamed_file(int directory);
// All of `bytes` from `offset` on.
Result<void> write_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset);
// So many bytes; what is beyond what was written is a hole.
Result<void> set_size(int fd, std::uint64_t size);
Result<void> set_mode(int fd, std::uint32_t mode);
// Its bytes are on the disk (fdatasync(2)).
Result<void> flush_data(int fd);
// Gives it the name `name` in `directory`, on the same file system. False when that is taken already. Without
// a capability, hence through /proc (linkat(2)).
Result<bool> link_unnamed_file(int fd, int directory, const std::string& name);

// What a user without privilege may still write on the file system of `fd`, in bytes (f_bavail, statvfs(3)).
Result<std::uint64_t> read_free_bytes(int fd);

}  // namespace dropwarden::sys
