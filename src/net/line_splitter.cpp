// SPDX-License-Identifier: Apache-2.0
#include "line_splitter.hpp"

namespace dropwarden::net {

bool LineSplitter::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    add(bytes.substr(0, newline));
    if (passed_over_ > max_passed_over_) return false;
    if (newline == std::string_view::npos) return true;
    if (passed_over_ != 0) {
      lines_.push_back(std::nullopt);
    } else if (!partial_.empty()) {
      lines_.push_back(std::exchange(partial_, {}));
    }
    passed_over_ = 0;
    bytes.remove_prefix(newline + 1);
  }
  return true;
}

void LineSplitter::add(std::string_view piece) {
  if (passed_over_ == 0 && piece.size() <= max_line_ - partial_.size()) {
    partial_ += piece;
  } else {
    passed_over_ += std::exchange(partial_, {}).size() + piece.size();
  }
}

}  // namespace dropwarden::net
