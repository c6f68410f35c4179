// SPDX-License-Identifier: Apache-2.0
#include "script.hpp"

#include <string_view>

#include "bytes.hpp"
#include "env_command.hpp"

namespace dropwarden::classify {
namespace {

// BINPRM_BUF_SIZE since Linux 5.1. The last byte of the buffer is overwritten to end the line.
constexpr std::size_t kernel_buffer = 256;
constexpr std::string_view magic = "#!";
constexpr std::string_view blanks = " \t";
constexpr std::string_view line_ends{"\n\0", 2};
constexpr std::string_view word_ends{" \t\n\0", 4};

std::string_view without_leading_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(blanks), text.size()));
}

std::string_view without_trailing_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// What follows `#!`, or nothing when the interpreter may go on past the kernel's buffer. A NUL ends the line
// as the line feed does, but keeps the blanks before it: a C string to the kernel. A file that ends early is
// followed by NULs.
std::optional<std::string_view> first_line(std::span<const std::byte> head) {
  const std::string_view line = as_text(slice(head, magic.size(), kernel_buffer - 1 - magic.size()));
  const auto end = line.find_first_of(line_ends);
  if (end != std::string_view::npos && line[end] == '\n') return without_trailing_blanks(line.substr(0, end));
  if (end != std::string_view::npos) return line.substr(0, end);
  if (head.size() < kernel_buffer - 1) return line;
  const std::string_view last = as_text(slice(head, kernel_buffer - 1, 1));
  const bool ends_here = last.empty() || last.find_first_of(word_ends) == 0;
  const bool has_argument = without_leading_blanks(line).find_first_of(blanks) != std::string_view::npos;
  if (!ends_here && !has_argument) return std::nullopt;
  return without_trailing_blanks(line);
}

std::string_view last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string program_of(std::string_view interpreter, std::string_view argument) {
  const std::string_view name = last_name(interpreter);
  if (name != "env") return std::string(name);
  const std::string program = program_of_env(argument);
  return std::string(last_name(program));
}

}  // namespace

bool has_script_magic(std::span<const std::byte> first) noexcept {
  return as_text(first).starts_with(magic);
}

std::optional<model::ScriptFacts> read_script_facts(std::span<const std::byte> head) {
  const auto line = first_line(head);
  if (!line) return std::nullopt;
  const std::string_view words = without_leading_blanks(*line);
  const auto word_end = std::min(words.find_first_of(blanks), words.size());
  if (word_end == 0) return std::nullopt;
  const std::string_view interpreter = words.substr(0, word_end);
  const std::string_view argument = without_leading_blanks(words.substr(word_end));
  return model::ScriptFacts{.interpreter = std::string(interpreter),
                            .argument = std::string(argument),
                            .program = program_of(interpreter, argument)};
}

}  // namespace dropwarden::classify
