// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace dropwarden::classify {

// The part of `bytes` at `offset`, cut where they end. Any offset and length may be asked for: both come from
// hostile files.
inline std::span<const std::byte> slice(std::span<const std::byte> bytes, std::uint64_t offset,
                                        std::uint64_t length) noexcept {
  if (offset >= bytes.size()) return {};
  const auto rest = bytes.subspan(static_cast<std::size_t>(offset));
  return rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(length, rest.size())));
}

// The unsigned number of `width` bytes (at most 8) at `offset`, or nothing where the bytes do not reach.
inline std::optional<std::uint64_t> read_number(std::span<const std::byte> bytes, std::uint64_t offset,
                                                std::size_t width, bool is_little_endian) noexcept {
  const auto field = slice(bytes, offset, width);
  if (field.size() != width) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value = value << 8U | std::to_integer<std::uint64_t>(field[is_little_endian ? width - 1 - i : i]);
  }
  return value;
}

inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace dropwarden::classify
