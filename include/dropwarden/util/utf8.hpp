// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dropwarden::util {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  // bytes
};

// The code point that `bytes` starts with, or nothing when that is no well-formed UTF-8 (Unicode 15, table
// 3-7).
std::optional<CodePoint> decode_utf8(std::string_view bytes);

// Whether a character moves the cursor, hides or reorders text: control characters (C0, DEL, C1), zero-width
// characters, line separators, bidirectional overrides. A name must not be able to lie to its reader.
bool is_deceptive(std::uint32_t code_point);

}  // namespace dropwarden::util
