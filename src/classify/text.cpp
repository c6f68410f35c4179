// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>

#include "dropwarden/classify/classify.hpp"

namespace dropwarden::classify {
namespace {

// In one sum.
constexpr std::uint32_t blank = 0;
constexpr std::uint32_t word = 1;
constexpr std::uint32_t control = 1U << 16U;
constexpr std::size_t bytes_per_control = 16;

// Space and the controls that text has, as file(1) sees it (an escape is for terminals); other controls; and
// all that may be part of a word.
constexpr std::array<std::uint32_t, 256> weights = [] {
  std::array<std::uint32_t, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) {
    const bool is_blank = c == ' ' || (c >= '\a' && c <= '\r') || c == 0x1b;
    table.at(c) = is_blank ? blank : c < ' ' || c == 0x7f ? control : word;
  }
  return table;
}();

std::span<const std::byte> cut(std::span<const std::byte> first) {
  return first.first(std::min(first.size(), first_bytes));
}

// Shells that look at all take a file for a program unless there is a NUL in its first line:
// check_binary_file of bash(1), for one.
bool begins_with_line(std::span<const std::byte> bytes) {
  const auto end = std::ranges::find_if(
      bytes, [](std::byte byte) { return byte == std::byte{0} || byte == std::byte{'\n'}; });
  return end == bytes.end() || *end == std::byte{'\n'};
}

}  // namespace

// Without a branch for each byte: this runs for nearly every event.
bool looks_like_text(std::span<const std::byte> first) noexcept {
  const auto bytes = cut(first);
  std::uint32_t sum = 0;
  for (const std::byte byte : bytes) sum += weights[std::to_integer<std::size_t>(byte)];
  const std::uint32_t controls = sum / control;
  const bool has_words = sum % control != 0;
  // Behind so many blanks there may be more.
  if (controls == 0) return has_words || bytes.size() == first_bytes;
  return has_words && controls <= bytes.size() / bytes_per_control && begins_with_line(bytes);
}

bool runs_as_text(std::span<const std::byte> first) noexcept {
  const auto bytes = cut(first);
  return !bytes.empty() && begins_with_line(bytes);
}

}  // namespace dropwarden::classify
