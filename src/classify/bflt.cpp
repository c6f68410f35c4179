// SPDX-License-Identifier: Apache-2.0
#include "bflt.hpp"

#include "bytes.hpp"

namespace dropwarden::classify {

// struct flat_hdr, include/linux/flat.h: all numbers are big-endian.
std::optional<model::BfltFacts> read_bflt_facts(std::span<const std::byte> first) noexcept {
  constexpr std::uint64_t flags_offset = 36;
  constexpr std::uint64_t compressed = 0x4 | 0x8;  // FLAT_FLAG_GZIP, FLAT_FLAG_GZDATA
  const auto version = read_number(first, 4, 4, false);
  const auto flags = read_number(first, flags_offset, 4, false);
  // The kernel runs versions 2 and 4; others have been written for other systems.
  constexpr std::uint64_t max_version = 16;
  if (!as_text(first).starts_with("bFLT") || !version || *version == 0 || *version > max_version || !flags)
    return std::nullopt;
  return model::BfltFacts{.version = static_cast<std::uint32_t>(*version),
                          .is_compressed = (*flags & compressed) != 0};
}

}  // namespace dropwarden::classify
