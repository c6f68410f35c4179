// SPDX-License-Identifier: Apache-2.0
#include "go_json.hpp"

#include <cstdint>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "dropwarden/util/utf8.hpp"

namespace dropwarden::sink {
namespace {

bool is_escaped_by_go(std::uint32_t code_point) {
  return code_point == '<' || code_point == '>' || code_point == '&';
}

}  // namespace

std::string serialize_as_go(const boost::json::value& value) {
  const std::string plain = boost::json::serialize(value);
  std::string out;
  out.reserve(plain.size() + plain.size() / 8);
  // None of these characters stands outside of a string, so there is no need to know where strings begin.
  for (std::string_view rest = plain; !rest.empty();) {
    const auto code_point = util::decode_utf8(rest);
    const std::size_t length = code_point ? code_point->length : 1;
    if (code_point && (is_escaped_by_go(code_point->value) || util::is_deceptive(code_point->value))) {
      out += fmt::format("\\u{:04x}", code_point->value);  // each of them is below U+10000
    } else {
      out += rest.substr(0, length);
    }
    rest.remove_prefix(length);
  }
  return out;
}

std::string go_text(std::string_view bytes, std::size_t bound) {
  std::string out;
  while (!bytes.empty()) {
    const auto code_point = util::decode_utf8(bytes);
    const std::string_view next = code_point ? bytes.substr(0, code_point->length) : "\uFFFD";
    if (out.size() + next.size() > bound) return out + "…";
    out += next;
    bytes.remove_prefix(code_point ? code_point->length : 1);
  }
  return out;
}

}  // namespace dropwarden::sink
