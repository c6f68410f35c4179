// SPDX-License-Identifier: Apache-2.0
#include "line_splitter.hpp"

namespace dropwarden::net {

bool LineSplitter::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, newline);
    if (piece.size() > max_line_ - partial_.size()) return false;
    partial_ += piece;
    if (newline == std::string_view::npos) return true;
    if (!partial_.empty()) lines_.push_back(std::exchange(partial_, {}));
    bytes.remove_prefix(newline + 1);
  }
  return true;
}

}  // namespace dropwarden::net
