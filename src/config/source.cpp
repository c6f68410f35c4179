// SPDX-License-Identifier: Apache-2.0
#include "source.hpp"

#include <utility>

#include "dropwarden/util/utf8.hpp"

namespace dropwarden::config {

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  lines_.push_back(0);
  for (std::size_t at = 0; at < text_.size(); ++at) {
    if (text_[at] == '\n') lines_.push_back(at + 1);
  }
}

std::string_view Source::line(std::size_t number) const {
  if (number == 0 || number > lines_.size()) return {};
  std::string_view line = std::string_view(text_).substr(lines_[number - 1]);
  line = line.substr(0, line.find('\n'));
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
