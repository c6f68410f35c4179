// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>

#include "dropwarden/classify/classify.hpp"

namespace dropwarden::classify {
namespace {

enum : std::uint8_t { blank = 0, word = 1, binary = 2 };

// Space and the controls that text has, as file(1) sees it (an escape is for terminals); other controls; and
// all that may be part of a word.
constexpr std::array<std::uint8_t, 256> classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) {
    const bool is_blank = c == ' ' || (c >= '\a' && c <= '\r') || c == 0x1b;
    table.at(c) = is_blank ? blank : c < ' ' || c == 0x7f ? binary : word;
  }
  return table;
}();

}  // namespace

// Without a branch for each byte: this runs for nearly every event.
bool looks_like_text(std::span<const std::byte> first) noexcept {
  unsigned seen = 0;
  for (const std::byte byte : first.first(std::min(first.size(), first_bytes)))
    seen |= classes[std::to_integer<std::size_t>(byte)];
  return seen == word;
}

}  // namespace dropwarden::classify
