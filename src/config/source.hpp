// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dropwarden::config {

// Counted from 1; a column is a code point, as editors count.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;

  friend bool operator==(const Position&, const Position&) = default;
};

// The text of a configuration file and the name that errors call it by. Views are valid while it lives.
class Source {
 public:
  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  // Without its line feed; empty past the end. `number` counts from 1.
  std::string_view line(std::size_t number) const;
  // The position `byte` bytes into a line.
  Position position(std::size_t line_number, std::size_t byte) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::size_t> lines_;  // where each begins: every value of a file asks for its position
};

}  // namespace dropwarden::config
