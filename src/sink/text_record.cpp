// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/escape.hpp"

#include "bounds.hpp"
#include "kind_json.hpp"
#include "text_line.hpp"

// A record that was stored, by this version or another: what is not there, or of another type, is unknown.
namespace dropwarden::sink {
namespace {

namespace json = boost::json;

const json::value* find(const json::value& value, std::string_view pointer) {
  boost::system::error_code error;
  return value.find_pointer(pointer, error);
}

// Raw again: it is escaped once more for the terminal, whoever has written the record.
std::string text(const json::value& value, std::string_view pointer) {
  const json::value* const found = find(value, pointer);
  return found != nullptr && found->is_string() ? util::unescape(found->get_string()) : std::string();
}

std::int64_t number(const json::value& value, std::string_view pointer) {
  const json::value* const found = find(value, pointer);
  boost::system::error_code error;
  return found != nullptr && found->is_number() ? found->to_number<std::int64_t>(error) : 0;
}

std::string kind_of(const json::value& record, std::size_t columns) {
  const std::string format = text(record, "/event/file/kind");
  const json::value* const facts = find(record, "/event/file/" + format);
  const bool has_facts = facts != nullptr && facts->is_object();
  return kind_cell(format.empty() ? "" : visible(format, bounds::word),
                   has_facts ? telling_facts(facts->get_object()) : std::vector<std::string>{}, columns);
}

// Words that are ours, unless somebody else has written them.
std::string word(const json::value& record, std::string_view pointer) {
  return util::escape(text(record, pointer), bounds::word);
}

Row row_of(const json::value& record, const Line& line) {
  const std::string id = text(record, "/event/container/id");
  const std::string name = text(record, "/event/container/name");
  const std::string pod = text(record, "/event/container/pod/name");
  const std::string name_space = text(record, "/event/container/pod/namespace");
  const std::string path = text(record, "/event/file/path");
  const auto severity = static_cast<model::Severity>(std::clamp<std::int64_t>(
      number(record, "/signature/severity"), 0, static_cast<std::int64_t>(model::Severity::critical)));
  const std::string state = word(record, "/event/file/path_state");
  const auto held_back = number(record, "/decision/held_back");
  return {
      .time = line.time_cell(word(record, "/time")),
      .severity = {model::name_of(severity), color_of(severity)},
      .container = {owner_cell({.id = id, .name = name, .pod = pod, .name_space = name_space}), cyan},
      .kind = {kind_of(record, line.room_for_kind())},
      .process = {process_cell(text(record, "/event/process/name"), number(record, "/event/process/pid"))},
      .path = {held_back > 0  ? fmt::format("{} findings held back", held_back)
               : path.empty() ? "?"
                              : visible(path, bounds::path),
               bold},
      .notes = notes_cell(state.empty() ? name_of(model::PathState::live) : state,
                          word(record, "/event/file/origin"), word(record, "/decision/verdict"))};
}

}  // namespace

std::optional<std::string> format_text(const std::string& record, const TextStyle& style) {
  boost::system::error_code error;
  const json::value value = json::parse(record, error);
  if (error || !value.is_object()) return std::nullopt;
  Line line(style);
  std::string out = line.print(row_of(value, line));
  const std::string hash = word(value, "/event/file/sha256/value");
  if (style.columns == 0 && !hash.empty()) out += "  sha256:" + hash;
  return out;
}

}  // namespace dropwarden::sink
