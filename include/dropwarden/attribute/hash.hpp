// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::attribute {

struct HashLimits {
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;     // larger files: too_large
  std::chrono::nanoseconds max_time{std::chrono::seconds{30}};  // then too_large as well
};

// SHA-256 of an open file from its start. `changed` when size, mtime or ctime differ between the beginning and the end, or from
// `expected_size` bytes; `unreadable` on an I/O error. Reads with pread in chunks and drops no page cache.
model::Hash hash_file(int fd, std::uint64_t expected_size, const HashLimits& limits);

}  // namespace dropwarden::attribute
