// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dropwarden::net {

// Cuts bytes that come in any pieces into lines. Pure.
class LineSplitter {
 public:
  // Of a line longer than `max_line` bytes nothing is kept, and of those up to `max_passed_over` are passed
  // over.
  explicit LineSplitter(std::size_t max_line = 0, std::size_t max_passed_over = 0)
      : max_line_(max_line), max_passed_over_(max_passed_over) {}

  // False once a line is longer than both, complete or not; nothing more is taken then.
  bool feed(std::string_view bytes);

  // The lines completed since the last call, without their newlines; empty ones are left out. Nothing stands
  // for one that was too long.
  std::vector<std::optional<std::string>> take() { return std::exchange(lines_, {}); }

 private:
  void add(std::string_view piece);

  std::size_t max_line_;
  std::size_t max_passed_over_;
  std::string partial_;
  std::size_t passed_over_ = 0;  // of the line that is under way
  std::vector<std::optional<std::string>> lines_;
};

}  // namespace dropwarden::net
