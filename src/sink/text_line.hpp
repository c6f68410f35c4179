// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/signature.hpp"
#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/time.hpp"

namespace dropwarden::sink {

// Select Graphic Rendition, ECMA-48 8.3.117.
inline constexpr std::string_view bold = "\x1b[1m";
inline constexpr std::string_view faint = "\x1b[2m";
inline constexpr std::string_view red = "\x1b[31m";
inline constexpr std::string_view bold_red = "\x1b[1;31m";
inline constexpr std::string_view yellow = "\x1b[33m";
inline constexpr std::string_view cyan = "\x1b[36m";
inline constexpr std::string_view reset = "\x1b[0m";

std::string_view color_of(model::Severity severity);

// Which part of `2026-11-23T04:00:00.123Z` there is room for. The log beside it is in UTC, too.
struct TimePart {
  std::size_t begin = 0;
  std::size_t length = 0;
  std::string_view title;
};

struct Layout {
  std::size_t gap = 2;
  TimePart time;
  std::size_t severity = 8;
  std::size_t container = 0;
  std::size_t kind = 0;
  std::size_t process = 0;
};

struct Cell {
  std::string text;
  std::string_view color{};
};

struct Row {
  Cell time;
  Cell severity;
  Cell container;
  Cell kind;
  Cell process;
  Cell path;
  std::string notes;  // about the path
};

// One line of text for a person, in the columns that fit the terminal. Prints once.
class Line {
 public:
  explicit Line(const TextStyle& style);

  std::string print(const Row& row);

  const Layout& layout() const { return layout_; }
  std::size_t room_for_kind() const { return style_.columns == 0 ? std::string::npos : layout_.kind; }
  Cell time_cell(std::string_view rfc3339) const;

 private:
  void add(const Cell& cell, std::size_t columns);
  std::string colored(std::string_view color, const std::string& text) const;

  const TextStyle style_;
  const Layout layout_;
  std::string out_;
  std::size_t used_ = 0;
};

// Escaped, and in quotes where a name could pass for the words around it.
std::string visible(std::string_view bytes, std::size_t bound);

// What stands in the columns, from raw bytes: whose it is, by the names that are known; what the file is; who
// wrote it.
struct Owner {
  std::string_view id;
  std::string_view name;
  std::string_view pod;  // empty: in none
  std::string_view name_space;
};
std::string owner_cell(const Owner& owner);
// The format and of `words`, the most telling first, those that there is room for.
std::string kind_cell(std::string_view format, const std::vector<std::string>& words, std::size_t columns);
std::string process_cell(std::string_view name, std::int64_t pid);  // 0: not known
// ` (deleted, modified)`: what is so; empty where all is as usual.
std::string notes_cell(std::string_view path_state, std::string_view origin, std::string_view verdict);

}  // namespace dropwarden::sink
