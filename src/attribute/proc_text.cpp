// SPDX-License-Identifier: Apache-2.0
#include "proc_text.hpp"

#include <limits>

#include "dropwarden/sys/proc_stat.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::attribute {
namespace {

// The numbers of a line of blank-separated ones, up to the first word that is none.
template <class T>
std::vector<T> parse_numbers(std::string_view line) {
  constexpr std::size_t max_numbers = 40;  // pid namespaces nest 32 deep, pid_namespaces(7)
  std::vector<T> numbers;
  while (numbers.size() < max_numbers) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const auto number = util::parse_number<T>(line.substr(0, line.find_first_of(" \t")));
    if (!number) break;
    numbers.push_back(*number);
    line.remove_prefix(std::min(line.find_first_of(" \t"), line.size()));
  }
  return numbers;
}

}  // namespace

std::optional<Stat> parse_stat(std::string_view text) {
  const auto split = sys::split_proc_stat(text);
  if (!split) return std::nullopt;
  std::string_view rest = split->fields;

  // Counted from the state, the third field of proc(5).
  constexpr std::size_t parent_field = 1;
  constexpr std::size_t start_field = 19;
  const std::string_view state = util::take_until(rest, ' ');
  if (state.size() != 1) return std::nullopt;
  Stat stat{.name = std::string(split->name), .state = state[0]};
  for (std::size_t field = 1; field <= start_field; ++field) {
    const std::string_view word = util::take_until(rest, ' ');
    if (field == parent_field) {
      const auto parent = util::parse_number<std::int32_t>(word);
      if (!parent) return std::nullopt;
      stat.parent = *parent;
    }
    if (field == start_field) {
      const auto start = util::parse_number<std::uint64_t>(word);
      if (!start) return std::nullopt;
      stat.start_ticks = *start;
    }
  }
  return stat;
}

Status parse_status(std::string_view text) {
  Status status;
  while (!text.empty()) {
    // The kernel escapes line feeds of the name here, so that each line is its own.
    std::string_view line = util::take_until(text, '\n');
    const std::string_view key = util::take_until(line, ':');
    if (key == "Uid") {
      const auto uids = parse_numbers<std::uint32_t>(line);
      if (!uids.empty()) status.uid = uids.front();
    } else if (key == "NSpid") {
      status.numbers = parse_numbers<std::int32_t>(line);
      break;  // the last that is asked for
    }
  }
  return status;
}

std::vector<std::string> parse_command_line(std::string_view text) {
  std::vector<std::string> arguments;
  std::size_t room = max_argument_bytes;
  while (!text.empty()) {
    if (arguments.size() == max_arguments || room == 0) {
      arguments.emplace_back("…");
      break;
    }
    const std::string_view argument = util::take_until(text, '\0');
    arguments.emplace_back(argument.substr(0, room));
    if (argument.size() > room) {
      arguments.emplace_back("…");
      break;
    }
    room -= argument.size();
  }
  return arguments;
}

std::optional<std::uint32_t> parse_login_uid(std::string_view text) {
  const auto uid = util::parse_number<std::uint32_t>(util::trim(text));
  if (uid == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return uid;
}

}  // namespace dropwarden::attribute
