// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/attribute/hash.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "dropwarden/attribute/sha256.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::attribute {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{32} << 10U;

model::Hash no_hash(model::HashStatus status) {
  return {.value = {}, .status = status};
}

// What chmod(2), rename(2) and link(2) leave behind, as a download does that is made executable; or a writer
// that has set the mtime back.
bool may_be_same(const sys::FileStatus& before, const sys::FileStatus& after) {
  return before.size == after.size && before.modified == after.modified;
}

// One reading, and whether another may succeed where it did not.
model::Hash hash_once(int fd, std::uint64_t expected_size, const HashLimits& limits,
                      std::chrono::steady_clock::time_point deadline, const std::stop_token& stop,
                      const OnChunk& on_chunk, bool& may_succeed) {
  using enum model::HashStatus;
  may_succeed = false;
  const auto before = sys::read_cached_status(fd);
  if (!before) return no_hash(unreadable);
  if (before->size > limits.max_bytes) return no_hash(too_large);
  if (before->size != expected_size) return no_hash(changed);

  // On the stack, and small enough to be still in the processor's cache when it is hashed.
  std::array<std::byte, chunk_bytes> buffer;
  Sha256 sha256;
  // Never beyond the expected size: a file that grows as fast as it is read would have no end.
  for (std::uint64_t offset = 0; offset < expected_size;) {
    if (stop.stop_requested()) return no_hash(pending);
    if (std::chrono::steady_clock::now() >= deadline) return no_hash(too_large);
    const auto chunk = std::span(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), expected_size - offset)));
    const auto got = sys::read_at(fd, chunk, offset);
    if (!got) return no_hash(unreadable);
    if (*got < chunk.size()) return no_hash(changed);
    sha256.add(chunk);
    if (on_chunk) on_chunk(offset, chunk);
    offset += *got;
  }

  const auto after = sys::read_cached_status(fd);
  if (!after) return no_hash(unreadable);
  may_succeed = may_be_same(*before, *after);
  if (may_succeed && before->changed != after->changed)
    return {.value = {}, .status = changed, .read = sha256.digest()};
  if (!may_succeed) return no_hash(changed);
  return {.value = sha256.digest(), .status = done};
}

}  // namespace

model::Hash hash_file(int fd, std::uint64_t expected_size, const HashLimits& limits,
                      const std::stop_token& stop, const OnChunk& on_chunk) {
  constexpr int most_readings = 3;
  const auto deadline = std::chrono::steady_clock::now() + limits.max_time;
  model::Hash result;
  bool may_succeed = true;
  for (int reading = 0; reading < most_readings && may_succeed; ++reading) {
    result = hash_once(fd, expected_size, limits, deadline, stop, on_chunk, may_succeed);
    if (result.status != model::HashStatus::changed) break;
  }
  return result;
}

}  // namespace dropwarden::attribute
