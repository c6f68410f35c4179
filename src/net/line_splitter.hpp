// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dropwarden::net {

// Cuts bytes that come in any pieces into lines. Pure.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line = 0) : max_line_(max_line) {}

  // False once a line is longer than `max_line` bytes, complete or not; nothing more is taken then.
  bool feed(std::string_view bytes);

  // The lines completed since the last call, without their newlines; empty ones are left out.
  std::vector<std::string> take() { return std::exchange(lines_, {}); }

 private:
  std::size_t max_line_;
  std::string partial_;
  std::vector<std::string> lines_;
};

}  // namespace dropwarden::net
