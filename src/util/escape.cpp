// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/escape.hpp"

#include <array>
#include <cstdint>

#include "dropwarden/util/text.hpp"

namespace dropwarden::util {
namespace {

// Length in bytes of the well-formed UTF-8 sequence that `bytes` starts with (Unicode 15, table 3-7), 0 when
// there is none.
std::size_t sequence_length(std::string_view bytes, std::uint32_t& code_point) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) {
    code_point = lead;
    return 1;
  }
  std::size_t length = 0;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  if (length == 0 || bytes.size() < length) return 0;
  code_point = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0U) != 0x80) return 0;
    code_point = code_point << 6U | (at(i) & 0x3fU);
  }
  constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < smallest[length] || code_point > 0x10ffff || is_surrogate) return 0;
  return length;
}

// Characters that move the cursor, hide or reorder text: a name must not be able to lie to its reader.
bool is_deceptive(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xfff9 && c <= 0xfffb);
}

void append_byte(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (byte == '\n') {
    out += "\\n";
  } else if (byte == '\t') {
    out += "\\t";
  } else if (byte == '\r') {
    out += "\\r";
  } else {
    out += "\\x";
    out += digits[byte >> 4U];
    out += digits[byte & 0xfU];
  }
}

}  // namespace

std::string escape(std::string_view bytes, std::size_t max_bytes) {
  std::string out;
  out.reserve(bytes.size() < max_bytes ? bytes.size() : max_bytes);
  while (!bytes.empty()) {
    std::uint32_t code_point = 0;
    const std::size_t length = sequence_length(bytes, code_point);
    const std::size_t before = out.size();
    std::size_t used = length == 0 ? 1 : length;
    if (length == 0 || is_deceptive(code_point)) {
      for (std::size_t i = 0; i < used; ++i) append_byte(out, static_cast<unsigned char>(bytes[i]));
    } else if (bytes[0] == '\\') {
      out += "\\\\";
    } else {
      out += bytes.substr(0, used);
    }
    if (out.size() > max_bytes) {
      out.resize(before);
      out += "…";
      return out;
    }
    bytes.remove_prefix(used);
  }
  return out;
}

std::string unescape(std::string_view escaped) {
  std::string out;
  while (!escaped.empty()) {
    if (escaped[0] != '\\' || escaped.size() < 2) {
      out += escaped[0];
      escaped.remove_prefix(1);
      continue;
    }
    const char kind = escaped[1];
    const auto byte = kind == 'x' && escaped.size() >= 4 ? parse_number<std::uint8_t>(escaped.substr(2, 2), 16)
                                                         : std::nullopt;
    if (byte) {
      out += static_cast<char>(*byte);
      escaped.remove_prefix(4);
      continue;
    }
    out += kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind;
    escaped.remove_prefix(2);
  }
  return out;
}

}  // namespace dropwarden::util
