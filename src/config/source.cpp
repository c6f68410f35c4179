// SPDX-License-Identifier: Apache-2.0
#include "source.hpp"

#include "dropwarden/util/text.hpp"
#include "dropwarden/util/utf8.hpp"

namespace dropwarden::config {

std::string_view Source::line(std::size_t number) const {
  std::string_view rest = text_;
  std::string_view line;
  for (; number > 0; --number) line = util::take_until(rest, '\n');
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Position Source::position(std::size_t line_number, std::size_t byte) const {
  std::string_view before = line(line_number).substr(0, byte);
  Position position{.line = line_number, .column = 1};
  while (!before.empty()) {
    const auto point = util::decode_utf8(before);
    before.remove_prefix(point ? point->length : 1);
    ++position.column;
  }
  return position;
}

}  // namespace dropwarden::config
