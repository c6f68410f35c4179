// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/monotonic_resource.hpp>
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

// An object of the record; one that is not there has nothing in it.
class Part {
 public:
  explicit Part(const json::value* value) : object_(value == nullptr ? nullptr : value->if_object()) {}

  Part part(std::string_view key) const { return Part(find(key)); }
  // Raw again: it is escaped once more for the terminal, whoever has written the record.
  std::string text(std::string_view key) const {
    const json::value* const found = find(key);
    return found != nullptr && found->is_string() ? util::unescape(found->get_string()) : std::string();
  }
  // Words that are ours, unless somebody else has written them.
  std::string word(std::string_view key) const { return util::escape(text(key), bounds::word); }
  std::int64_t number(std::string_view key) const {
    const json::value* const found = find(key);
    boost::system::error_code error;
    return found != nullptr && found->is_number() ? found->to_number<std::int64_t>(error) : 0;
  }
  const json::object* object() const { return object_; }

 private:
  const json::value* find(std::string_view key) const {
    return object_ == nullptr ? nullptr : object_->if_contains(key);
  }

  const json::object* object_;
};

std::string kind_of(const Part& file, std::size_t columns) {
  const std::string format = file.text("kind");
  const json::object* const facts = file.part(format).object();
  return kind_cell(format.empty() ? "" : visible(format, bounds::word),
                   facts != nullptr ? telling_facts(*facts) : std::vector<std::string>{}, columns);
}

Row row_of(const Part& record, const Line& line) {
  const Part event = record.part("event");
  const Part container = event.part("container");
  const Part file = event.part("file");
  const Part process = event.part("process");
  const std::string id = container.text("id");
  const std::string name = container.text("name");
  const std::string pod = container.part("pod").text("name");
  const std::string name_space = container.part("pod").text("namespace");
  const std::string path = file.text("path");
  const auto severity = static_cast<model::Severity>(std::clamp<std::int64_t>(
      record.part("signature").number("severity"), 0, static_cast<std::int64_t>(model::Severity::critical)));
  const std::string state = file.word("path_state");
  const Part decision = record.part("decision");
  const auto held_back = decision.number("held_back");
  return {.time = line.time_cell(record.word("time")),
          .severity = {model::name_of(severity), color_of(severity)},
          .container = {owner_cell({.id = id, .name = name, .pod = pod, .name_space = name_space}), cyan},
          .kind = {kind_of(file, line.room_for_kind())},
          .process = {process_cell(process.text("name"), process.number("pid"))},
          .path = {held_back > 0  ? fmt::format("{} findings held back", held_back)
                   : path.empty() ? "?"
                                  : visible(path, bounds::path),
                   bold},
          .notes = notes_cell(state.empty() ? name_of(model::PathState::live) : state, file.word("origin"),
                              decision.word("verdict"))};
}

}  // namespace

std::optional<std::string> format_text(const std::string& record, const TextStyle& style) {
  // A usual record finds room here, parsed; to clear it each time would cost as much as to allocate it.
  std::array<unsigned char, 16UL * 1024> room;  // NOLINT(*-member-init)
  json::monotonic_resource memory(room.data(), room.size());
  boost::system::error_code error;
  const json::value value = json::parse(record, error, &memory);
  if (error || !value.is_object()) return std::nullopt;
  const Part whole(&value);
  Line line(style);
  std::string out = line.print(row_of(whole, line));
  const std::string hash = whole.part("event").part("file").part("sha256").word("value");
  if (style.columns == 0 && !hash.empty()) out += "  sha256:" + hash;
  return out;
}

}  // namespace dropwarden::sink
