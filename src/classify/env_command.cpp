// SPDX-License-Identifier: Apache-2.0
#include "env_command.hpp"

#include <optional>
#include <vector>

namespace dropwarden::classify {
namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";

// What a backslash and `escaped` stand for outside single quotes, see `info coreutils env`.
char unescaped(char escaped, bool is_quoted) {
  switch (escaped) {
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'v':
      return '\v';
    case 'f':
      return '\f';
    case 'r':
      return '\r';
    case '_':
      return is_quoted ? ' ' : '\0';
    default:
      return escaped;
  }
}

// The words of the string that -S takes.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  bool is_in_word = false;
  char quote = '\0';
  const auto put = [&](char c) {
    if (!is_in_word) words.emplace_back();
    is_in_word = true;
    words.back() += c;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      const char next = text[++i];
      if (next == 'c') break;
      const char plain = unescaped(next, quote != '\0');
      if (plain == '\0') {
        is_in_word = false;
      } else {
        put(plain);
      }
    } else if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
      if (!is_in_word) words.emplace_back();
      is_in_word = true;
    } else if (quote == '\0' && blanks.find(c) != std::string_view::npos) {
      is_in_word = false;
    } else if (quote == '\0' && c == '#' && !is_in_word) {
      break;
    } else {
      put(c);
    }
  }
  return words;
}

// Options with a value: in the same word, or the next.
bool takes_value(std::string_view word) {
  constexpr std::string_view with_value = "uC";
  if (word == "--unset" || word == "--chdir") return true;
  return word.size() > 1 && !word.starts_with("--") &&
         with_value.find(word.back()) != std::string_view::npos &&
         word.find_first_of(with_value) == word.size() - 1;
}

// What the string option of `word` holds: `-Sx`, `-vSx`, `--split-string=x`; nothing when it is no such
// option.
std::optional<std::string_view> split_string(std::string_view word) {
  constexpr std::string_view long_option = "--split-string=";
  if (word.starts_with(long_option)) return word.substr(long_option.size());
  if (word.starts_with("--") || !word.starts_with('-')) return std::nullopt;
  const auto at = word.find_first_of("SuC");
  if (at == std::string_view::npos || word[at] != 'S') return std::nullopt;
  return word.substr(at + 1);
}

}  // namespace

std::string program_of_env(std::string_view argument) {
  std::vector<std::string> words{std::string(argument)};
  // -S is replaced by its words, among which may be another: outermost first, each time at the front.
  constexpr int max_splits = 8;
  for (int splits = 0; splits < max_splits; ++splits) {
    std::size_t i = 0;
    std::optional<std::string_view> string;
    for (; i < words.size() && !string; ++i) {
      const std::string& word = words[i];
      string = split_string(word);
      if (string) break;
      if (word == "--") return i + 1 < words.size() ? words[i + 1] : std::string{};
      // An assignment, or an option; the first word that is neither is the program.
      if (!word.starts_with('-') && word.find('=') == std::string::npos) return word;
      if (takes_value(word)) ++i;
    }
    if (!string) return {};
    std::vector<std::string> inner = split(*string);
    inner.insert(inner.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
    words = std::move(inner);
  }
  return {};
}

}  // namespace dropwarden::classify
