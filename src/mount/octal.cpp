// SPDX-License-Identifier: Apache-2.0
#include "octal.hpp"

#include "dropwarden/util/text.hpp"

namespace dropwarden::mount {

std::string unescape_octal(std::string_view text) {
  constexpr std::size_t digits = 3;
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (text.front() == '\\' && text.size() > digits) {
      if (const auto byte = util::parse_number<unsigned char>(text.substr(1, digits), 8)) {
        out += static_cast<char>(*byte);
        text.remove_prefix(1 + digits);
        continue;
      }
    }
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace dropwarden::mount
