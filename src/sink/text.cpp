// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "dropwarden/sink/format.hpp"

#include "bounds.hpp"
#include "columns.hpp"
#include "kind_json.hpp"

namespace dropwarden::sink {
namespace {

// Select Graphic Rendition, ECMA-48 8.3.117.
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view faint = "\x1b[2m";
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view bold_red = "\x1b[1;31m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view cyan = "\x1b[36m";
constexpr std::string_view reset = "\x1b[0m";

std::string_view color_of(model::Severity severity) {
  constexpr std::array<std::string_view, 5> colors{faint, cyan, yellow, red, bold_red};
  return colors.at(static_cast<std::size_t>(severity));
}

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

class Line {
 public:
  explicit Line(const TextStyle& style) : style_(style), layout_(layout_for(style.columns)) {}

  std::string print(const Row& row) {
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

  const Layout& layout() const { return layout_; }
  std::size_t room_for_kind() const { return style_.columns == 0 ? std::string::npos : layout_.kind; }

 private:
  void add(const Cell& cell, std::size_t columns) {
    std::string text = style_.columns == 0 ? cell.text : fit(cell.text, columns);
    const std::string padded = pad(text, columns);
    const std::string spaces(padded.size() - text.size() + layout_.gap, ' ');
    out_ += colored(cell.color, text) + spaces;
    used_ += columns + layout_.gap;
  }

  std::string colored(std::string_view color, const std::string& text) const {
    const bool is_plain = !style_.is_colored || color.empty() || text.empty();
    return is_plain ? text : fmt::format("{}{}{}", color, text, reset);
  }

  const TextStyle style_;
  const Layout layout_;
  std::string out_;
  std::size_t used_ = 0;
};

// Escaped, and in quotes where a name could pass for the words around it.
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

std::string container_of(const model::Container& container) {
  constexpr std::size_t short_id = 12;
  constexpr std::size_t bound = 160;
  std::string name = container.name.empty() ? container.id.value.substr(0, short_id) : container.name;
  if (container.pod) name = container.pod->name_space + "/" + container.pod->name + "/" + name;
  return name.empty() ? "?" : visible(name, bound);
}

// What most distinguishes files of one format, for any format: its type and machine, or the name of its
// interpreter. What there is no room for is left out, from the end.
std::string kind_of(const std::optional<model::FileKind>& kind, std::size_t columns) {
  if (!kind) return "-";
  constexpr std::size_t bound = 64;
  const auto facts = kind_json(*kind);
  const auto fact = [&](std::string_view key) {
    const auto* const value = facts.if_contains(key);
    return value == nullptr || !value->is_string() ? std::string() : std::string(value->get_string());
  };
  std::vector<std::string> words{fact("type"), fact("machine")};
  if (words[0].empty() && words[1].empty()) {
    const std::string interpreter = fact("interpreter");
    words.push_back(interpreter.substr(interpreter.rfind('/') + 1));
  }
  std::string text = model::name_of(kind->format);
  for (const std::string& word : words) {
    if (word.empty()) continue;
    // Escaped already.
    const std::string longer = text + ' ' + visible(util::unescape(word), bound);
    if (columns_of(longer) > columns) break;
    text = longer;
  }
  return text;
}

std::string process_of(const model::ProcessInfo& process) {
  constexpr std::size_t bound = 80;
  const std::string name = process.name.empty() ? "?" : visible(process.name, bound);
  return process.pid.value == 0 ? name : fmt::format("{}[{}]", name, process.pid.value);
}

std::string notes_of(const model::FileFacts& file) {
  std::string notes;
  const auto add = [&](const char* note) { notes += (notes.empty() ? "" : ", ") + std::string(note); };
  if (file.path_state != model::PathState::live) add(model::name_of(file.path_state));
  if (file.origin == model::Origin::modified) add(model::name_of(file.origin));
  return notes.empty() ? notes : " (" + notes + ")";
}

Row row_of(const model::WriteEvent& event, const Line& line) {
  const auto& [begin, length, title] = line.layout().time;
  constexpr std::size_t to_milliseconds = 23;
  const std::string whole = util::format_rfc3339(event.time).substr(0, to_milliseconds) + "Z";
  const auto& path = event.file.path;
  return {.time = {whole.substr(begin, length), faint},
          .severity = {},
          .container = {container_of(event.container), cyan},
          .kind = {kind_of(event.file.kind, line.room_for_kind())},
          .process = {process_of(event.process)},
          .path = {path.empty() ? "?" : visible(path, bounds::path)},
          .notes = notes_of(event.file)};
}

}  // namespace

std::string format_text(const model::Finding& finding, const TextStyle& style) {
  Line line(style);
  Row row = row_of(finding.event, line);
  const auto severity = finding.decision.severity;
  row.severity = {model::name_of(severity), color_of(severity)};
  row.path.color = bold;
  const auto& hash = finding.event.file.sha256;
  std::string out = line.print(row);
  // A part of it is of no use to anybody.
  if (style.columns == 0 && hash.status == model::HashStatus::done) out += "  sha256:" + hash.value;
  return out;
}

std::string format_text(const model::WriteEvent& event, const TextStyle& style) {
  Line line(style);
  Row row = row_of(event, line);
  row.severity = {"write", faint};
  return line.print(row);
}

std::string format_text_header(const TextStyle& style) {
  Line line(style);
  return line.print({.time = {std::string(line.layout().time.title), bold},
                     .severity = {"SEVERITY", bold},
                     .container = {"CONTAINER", bold},
                     .kind = {"KIND", bold},
                     .process = {"PROCESS", bold},
                     .path = {"PATH", bold},
                     .notes = {}});
}

}  // namespace dropwarden::sink
