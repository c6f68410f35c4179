// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/escape.hpp"

#include "bounds.hpp"
#include "kind_json.hpp"
#include "text_line.hpp"

namespace dropwarden::sink {
namespace {

std::string container_of(const model::Container& container) {
  return owner_cell({.id = container.id.value,
                     .name = container.name,
                     .pod = container.pod ? container.pod->name : std::string_view{},
                     .name_space = container.pod ? container.pod->name_space : std::string_view{}});
}

std::string kind_of(const std::optional<model::FileKind>& kind, std::size_t columns) {
  if (!kind) return kind_cell({}, {}, columns);
  return kind_cell(model::name_of(kind->format), telling_facts(kind_json(*kind)), columns);
}

Row row_of(const model::WriteEvent& event, const Line& line) {
  const auto& path = event.file.path;
  return {.time = line.time_cell(util::format_rfc3339(event.time)),
          .severity = {},
          .container = {container_of(event.container), cyan},
          .kind = {kind_of(event.file.kind, line.room_for_kind())},
          .process = {process_cell(event.process.name, event.process.pid.value)},
          .path = {path.empty() ? "?" : visible(path, bounds::path)},
          .notes = notes_cell(name_of(event.file.path_state), name_of(event.file.origin), {})};
}

}  // namespace

std::string format_text(const model::Finding& finding, const TextStyle& style) {
  Line line(style);
  Row row = row_of(finding.event, line);
  const auto severity = finding.decision.severity;
  row.severity = {model::name_of(severity), color_of(severity)};
  row.path.color = bold;
  if (finding.decision.held_back != 0)
    row.path.text = fmt::format("{} findings held back", finding.decision.held_back);
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
