// SPDX-License-Identifier: Apache-2.0
#include "expectation.hpp"

#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

#include "dropwarden/util/text.hpp"

#include "support/file.hpp"

namespace dropwarden::test {
namespace {

constexpr std::array sensors{
    std::pair{'A', "close_write"}, std::pair{'B', "upper_layer"}, std::pair{'W', "upper_layer:writes"},
    std::pair{'E', "exec"},        std::pair{'X', "exec:busy"},   std::pair{'L', "second_look"},
    std::pair{'S', "scan"}};

std::optional<std::string> sensor_of(char letter) {
  for (const auto& [known, name] : sensors) {
    if (known == letter) return name;
  }
  return std::nullopt;
}

std::vector<std::string> parse_sensors(std::string_view letters) {
  std::vector<std::string> names;
  for (const char letter : letters) {
    const auto name = sensor_of(letter);
    if (!name) throw std::runtime_error("no sensor is called " + std::string(1, letter));
    names.push_back(*name);
  }
  return names;
}

Promise parse_promise(std::string_view word) {
  using Kind = Promise::Kind;
  if (word == "-") return {};
  if (word == "none") return {.kind = Kind::harmless, .sensors = {}};
  if (word == "limit") return {.kind = Kind::limit, .sensors = {}};
  const bool is_chance = word.ends_with('?');
  if (is_chance) word.remove_suffix(1);
  return {.kind = is_chance ? Kind::chance : Kind::finding, .sensors = parse_sensors(word)};
}

Expectation parse_line(std::string_view line) {
  const auto cells = util::split(line, '|');
  if (cells.size() != 8) throw std::runtime_error("there are 8 columns");
  std::array<std::string_view, 8> cell;
  for (std::size_t i = 0; i < cell.size(); ++i) cell[i] = util::trim(cells[i]);
  Expectation row;
  row.method = cell[0];
  row.at = {{"rootfs", parse_promise(cell[1])},
            {"named", parse_promise(cell[2])},
            {"bind", parse_promise(cell[3])},
            {"shm", parse_promise(cell[4])}};
  if (cell[5] == "*") {
    row.named_by = {"*"};
  } else if (cell[5] != "-") {
    for (auto& name : parse_sensors(cell[5])) row.named_by.insert(std::move(name));
  }
  for (const auto word : util::split(cell[6], ' ')) {
    if (word != "-") row.needs.emplace(word);
  }
  row.about = cell[7];
  return row;
}

}  // namespace

bool Expectation::is_tried(const std::string& place, const std::string& file_system) const {
  if (at.at(place).kind == Promise::Kind::untried) return false;
  if (needs.empty() || needs.contains("kernel")) return true;
  // The host's own may be any.
  return place != "bind" && needs.contains(place == "shm" ? "tmpfs" : file_system);
}

std::vector<Expectation> parse_expectations(std::string_view text) {
  std::vector<Expectation> rows;
  int number = 0;
  for (const auto line : util::split(text, '\n')) {
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    try {
      rows.push_back(parse_line(line));
    } catch (const std::exception& error) {
      throw std::runtime_error("tests/coverage/expectations:" + std::to_string(number) + ": " + error.what());
    }
  }
  return rows;
}

std::vector<Expectation> read_expectations() {
  return parse_expectations(read_file(DROPWARDEN_EXPECTATIONS));
}

}  // namespace dropwarden::test
