// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::attribute {

struct HashLimits {
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;            // larger files: too_large
  std::chrono::nanoseconds max_time{std::chrono::seconds{30}};  // then too_large as well
};

// Gets the bytes that are hashed, in their order; an offset 0 begins anew.
using OnChunk = std::function<void(std::uint64_t offset, std::span<const std::byte> bytes)>;

// SHA-256 (FIPS 180-4) of an open file from its start, read with pread(2) in chunks; `fd` stays the caller's,
// its offset stays. The status is
//   done        the digest is that of a file of `expected_size` bytes which was not seen to change meanwhile
//   changed     size, mtime or ctime differ between beginning and end, or the size from `expected_size`.
//               Where it was the ctime alone, by chmod(2) or rename(2), it is read again, three times at
//               most, and `read` is the digest of the last reading
//   too_large   beyond the limits
//   unreadable  statx(2) or pread(2) failed
//   pending     `stop` was requested; looked at once a chunk of 32 KiB
// A write within the same tick of the file system's clock as the change before it, or through a mapping that
// was dirty already, leaves the times as they were: such a change is not seen. Any thread.
model::Hash hash_file(int fd, std::uint64_t expected_size, const HashLimits& limits,
                      const std::stop_token& stop = {}, const OnChunk& on_chunk = {});

}  // namespace dropwarden::attribute
