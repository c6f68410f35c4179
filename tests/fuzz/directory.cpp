// SPDX-License-Identifier: Apache-2.0
// What getdents64(2) has written of a directory, whose names are the container's.
#include "dropwarden/sys/directory.hpp"

#include "input.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dropwarden;
  const auto part = sys::parse_directory(fuzz::bytes_of(data, size));
  if (!part) return 0;
  fuzz::require(part->is_at_end == (size == 0) && part->bytes == size);
  for (const auto& entry : part->entries) {
    fuzz::require(entry.name != "." && entry.name != "..");
    fuzz::require(entry.name.find('\0') == std::string::npos);
  }
  return 0;
}
