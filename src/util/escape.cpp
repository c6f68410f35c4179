// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/escape.hpp"

#include <algorithm>
#include <cstdint>

#include "dropwarden/util/text.hpp"
#include "dropwarden/util/utf8.hpp"

namespace dropwarden::util {
namespace {

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

// Stands for itself, as nearly all does.
bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '\\';
}

}  // namespace

std::string escape(std::string_view bytes, std::size_t max_bytes) {
  if (bytes.size() <= max_bytes && std::ranges::all_of(bytes, is_plain)) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size() < max_bytes ? bytes.size() : max_bytes);
  while (!bytes.empty()) {
    const auto code_point = decode_utf8(bytes);
    const std::size_t before = out.size();
    const std::size_t used = code_point ? code_point->length : 1;
    if (!code_point || is_deceptive(code_point->value)) {
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
  if (!escaped.contains('\\')) return std::string(escaped);
  std::string out;
  out.reserve(escaped.size());
  while (!escaped.empty()) {
    if (escaped[0] != '\\' || escaped.size() < 2) {
      out += escaped[0];
      escaped.remove_prefix(1);
      continue;
    }
    const char kind = escaped[1];
    const auto byte = kind == 'x' && escaped.size() >= 4
                          ? parse_number<std::uint8_t>(escaped.substr(2, 2), 16)
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
