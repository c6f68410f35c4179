// SPDX-License-Identifier: Apache-2.0
#include "elf_packing.hpp"

#include <array>
#include <cmath>
#include <string_view>

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::string_view upx_magic = "UPX!";

// UPX puts its l_info right behind the program headers, and its PackHeader within the last bytes of the file.
// It says nothing else by `UPX!`, but other programs may hold the word: hence only there.
bool has_upx_magic(FileBytes& file, const Segments& segments) noexcept {
  constexpr std::uint64_t reach_behind_headers = 256;
  constexpr std::size_t reach_at_end = 64;
  const std::string_view behind = as_text(slice(file.head(), segments.end, reach_behind_headers));
  if (segments.end != 0 && behind.find(upx_magic) != std::string_view::npos) return true;
  const auto tail = file.tail(reach_at_end);
  return tail && as_text(*tail).find(upx_magic) != std::string_view::npos;
}

// Machine code has 5 to 6.7 bits a byte, compressed or encrypted bytes have 7.9 in samples of this size.
bool is_random(Bytes bytes) noexcept {
  constexpr std::size_t enough = 1024;
  constexpr double threshold = 7.4;
  return bytes.size() >= enough && entropy(bytes) > threshold;
}

}  // namespace

double entropy(Bytes bytes) noexcept {
  std::array<std::size_t, 256> counts{};
  for (const std::byte byte : bytes) ++counts.at(std::to_integer<std::size_t>(byte));
  double bits = 0;
  for (const std::size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(bytes.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

std::vector<model::PackingSign> read_packing(FileBytes& file, const Segments& segments,
                                             const Sections& sections) {
  using enum model::PackingSign;
  std::vector<model::PackingSign> signs;
  const bool is_upx = has_upx_magic(file, segments);
  if (is_upx) signs.push_back(upx);
  if (sections.are_absent) signs.push_back(no_section_headers);
  if (segments.has_writable_code) signs.push_back(writable_code);
  // The tail costs a read, so it is only looked at where something else points to it.
  if (is_upx || sections.are_absent) {
    const Bytes tail = file.tail(part_bytes).value_or(Bytes{});
    const Bytes behind = segments.end == 0 ? Bytes{} : slice(file.head(), segments.end, head_bytes);
    if (is_random(behind) || is_random(tail)) signs.push_back(high_entropy);
  }
  if (is_upx || (sections.are_absent && signs.size() > 1)) return signs;
  return {};
}

}  // namespace dropwarden::classify
