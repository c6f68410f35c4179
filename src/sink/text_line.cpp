// SPDX-License-Identifier: Apache-2.0
#include "text_line.hpp"

#include <array>

#include <fmt/format.h>

#include "dropwarden/model/decision.hpp"
#include "dropwarden/model/finding.hpp"
#include "dropwarden/sink/columns.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::sink {
namespace {

// The path takes what is left of the line.
Layout layout_for(std::size_t columns) {
  constexpr std::size_t narrow = 110;
  constexpr std::size_t medium = 160;
  const TimePart whole{0, 24, "TIME (UTC)"};
  const TimePart of_day{11, 12, "TIME (UTC)"};
  const TimePart seconds{11, 8, "UTC"};
  if (columns == 0) return {.time = whole, .container = 24, .kind = 14, .process = 18};
  if (columns < narrow) return {.gap = 1, .time = seconds, .container = 14, .kind = 10, .process = 13};
  if (columns < medium) return {.time = of_day, .container = 24, .kind = 14, .process = 18};
  return {.time = whole, .container = 44, .kind = 20, .process = 24};
}

}  // namespace

std::string_view color_of(model::Severity severity) {
  constexpr std::array<std::string_view, 5> colors{faint, cyan, yellow, red, bold_red};
  return colors.at(static_cast<std::size_t>(severity));
}

Line::Line(const TextStyle& style) : style_(style), layout_(layout_for(style.columns)) {}

std::string Line::print(const Row& row) {
  add(row.time, layout_.time.length);
  add(row.severity, layout_.severity);
  add(row.container, layout_.container);
  add(row.kind, layout_.kind);
  add(row.process, layout_.process);
  const std::size_t taken = used_ + columns_of(row.notes);
  const std::size_t left = style_.columns > taken ? style_.columns - taken : 1;
  out_ += colored(row.path.color, style_.columns == 0 ? row.path.text : fit(row.path.text, left));
  return out_ + colored(faint, row.notes);
}

Cell Line::time_cell(std::string_view rfc3339) const {
  constexpr std::size_t to_milliseconds = 23;
  const std::string whole = std::string(rfc3339.substr(0, to_milliseconds)) + "Z";
  if (whole.size() <= to_milliseconds) return {"?", faint};
  return {whole.substr(layout_.time.begin, layout_.time.length), faint};
}

void Line::add(const Cell& cell, std::size_t columns) {
  std::string text = style_.columns == 0 ? cell.text : fit(cell.text, columns);
  const std::string padded = pad(text, columns);
  const std::string spaces(padded.size() - text.size() + layout_.gap, ' ');
  out_ += colored(cell.color, text) + spaces;
  used_ += columns + layout_.gap;
}

std::string Line::colored(std::string_view color, const std::string& text) const {
  const bool is_plain = !style_.is_colored || color.empty() || text.empty();
  return is_plain ? text : fmt::format("{}{}{}", color, text, reset);
}

std::string visible(std::string_view bytes, std::size_t bound) {
  std::string text = util::escape(bytes, bound);
  constexpr std::string_view harmless =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@~,%=#";
  if (!text.empty() && text.find_first_not_of(harmless) == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string owner_cell(const Owner& owner) {
  constexpr std::size_t short_id = 12;
  constexpr std::size_t bound = 160;
  std::string name(owner.name.empty() ? owner.id.substr(0, short_id) : owner.name);
  if (!owner.pod.empty()) name = fmt::format("{}/{}/{}", owner.name_space, owner.pod, name);
  return name.empty() ? "?" : visible(name, bound);
}

std::string kind_cell(std::string_view format, const std::vector<std::string>& words, std::size_t columns) {
  if (format.empty()) return "-";
  constexpr std::size_t bound = 64;
  std::string text(format);
  for (const std::string& word : words) {
    if (word.empty()) continue;
    const std::string longer = text + ' ' + visible(word, bound);
    if (columns_of(longer) > columns) break;
    text = longer;
  }
  return text;
}

std::string process_cell(std::string_view name, std::int64_t pid) {
  constexpr std::size_t bound = 80;
  const std::string shown_name = name.empty() ? "?" : visible(name, bound);
  return pid == 0 ? shown_name : fmt::format("{}[{}]", shown_name, pid);
}

std::string notes_cell(std::string_view path_state, std::string_view origin, std::string_view verdict) {
  std::string notes;
  const auto add = [&](std::string_view note) { notes.append(notes.empty() ? "" : ", ").append(note); };
  if (path_state != name_of(model::PathState::live)) add(path_state);
  if (origin == name_of(model::Origin::modified)) add(origin);
  if (verdict == name_of(model::Verdict::excepted)) add("excepted");
  if (verdict == name_of(model::Verdict::held_back)) add("held back");
  return notes.empty() ? notes : " (" + notes + ")";
}

}  // namespace dropwarden::sink
