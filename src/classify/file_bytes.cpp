// SPDX-License-Identifier: Apache-2.0
#include "file_bytes.hpp"

#include <algorithm>

#include "bytes.hpp"

namespace dropwarden::classify {

// pread(2) takes a signed offset.
FileBytes::FileBytes(std::uint64_t size, std::span<const Part> parts) noexcept
    : size_(std::min(size, std::uint64_t{INT64_MAX})), parts_(parts) {}

std::span<const std::byte> FileBytes::head() const noexcept {
  return parts_.empty() ? std::span<const std::byte>{} : parts_.front().bytes;
}

std::optional<std::span<const std::byte>> FileBytes::at(std::uint64_t offset, std::uint64_t length) noexcept {
  if (offset >= size_) return std::span<const std::byte>{};
  length = std::min({length, size_ - offset, std::uint64_t{part_bytes}});
  for (const Part& part : parts_) {
    const bool is_asked = offset >= part.asked.offset && offset - part.asked.offset <= part.asked.length &&
                          length <= part.asked.length - (offset - part.asked.offset);
    if (is_asked) return slice(part.bytes, offset - part.asked.offset, length);
  }
  if (wanted_) return std::nullopt;
  // One read of the tail serves all who look into it.
  const std::uint64_t tail_offset = size_ > part_bytes ? size_ - part_bytes : 0;
  if (offset >= tail_offset) {
    wanted_ = Extent{tail_offset, static_cast<std::size_t>(size_ - tail_offset)};
  } else {
    wanted_ = Extent{offset, static_cast<std::size_t>(length)};
  }
  return std::nullopt;
}

std::optional<std::span<const std::byte>> FileBytes::tail(std::size_t length) noexcept {
  const std::uint64_t shown = std::min<std::uint64_t>({length, part_bytes, size_});
  return at(size_ - shown, shown);
}

}  // namespace dropwarden::classify
