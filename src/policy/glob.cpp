// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/glob.hpp"

#include <algorithm>

#include "dropwarden/util/utf8.hpp"

namespace dropwarden::policy {
namespace {

// Beyond Unicode, so that a byte that is no UTF-8 is equal to itself alone.
constexpr char32_t first_raw_byte = 0x110000;

char32_t take_character(std::string_view& text) {
  const auto point = util::decode_utf8(text);
  const char32_t character =
      point ? static_cast<char32_t>(point->value) : first_raw_byte + static_cast<unsigned char>(text.front());
  text.remove_prefix(point ? point->length : 1);
  return character;
}

std::u32string characters_of(std::string_view text) {
  std::u32string characters;
  characters.reserve(text.size());
  while (!text.empty()) characters += take_character(text);
  return characters;
}

// Past the bracket that closes the set `rest` begins with; npos when none does.
std::size_t end_of_set(std::u32string_view rest) {
  std::size_t at = 1;
  if (at < rest.size() && (rest[at] == U'!' || rest[at] == U'^')) ++at;
  if (at < rest.size() && rest[at] == U']') ++at;  // the first is one of the set, glob(7)
  const auto close = rest.find(U']', at);
  return close == std::u32string_view::npos ? close : close + 1;
}

}  // namespace

Glob::Glob(std::string_view pattern, Style style) : style_(style) {
  parse(pattern);
}

void Glob::parse(std::string_view pattern) {
  const std::u32string characters = characters_of(pattern);
  std::u32string_view rest = characters;
  std::size_t literal_bytes = 0;  // of the pattern, up to the first token that is no character
  const auto add = [&](Kind kind, std::size_t length) {
    tokens_.push_back({.kind = kind});
    is_literal_ = false;
    rest.remove_prefix(length);
  };
  while (!rest.empty()) {
    const bool is_after_slash = tokens_.empty() || tokens_.back().character == U'/';
    if (style_ == Style::path && is_after_slash && rest.starts_with(U"**/")) {
      add(Kind::any_directories, 3);
    } else if (rest.starts_with(U"**")) {
      add(Kind::any_deep, 2);
    } else if (rest.front() == U'*') {
      add(style_ == Style::path ? Kind::any_many : Kind::any_deep, 1);
    } else if (rest.front() == U'?') {
      add(Kind::any_one, 1);
    } else if (rest.front() == U'[' && end_of_set(rest) != std::u32string_view::npos) {
      add_set(rest);
    } else {
      if (rest.front() == U'\\' && rest.size() > 1) rest.remove_prefix(1);
      tokens_.push_back({.kind = Kind::character, .character = rest.front()});
      rest.remove_prefix(1);
    }
  }
  // The prefix in bytes: the pattern's own, less the backslashes.
  std::string_view bytes = pattern;
  for (const Token& token : tokens_) {
    if (token.kind != Kind::character) break;
    if (bytes.front() == '\\' && bytes.size() > 1) bytes.remove_prefix(1);
    const std::string_view before = bytes;
    take_character(bytes);
    literal_bytes = before.size() - bytes.size();
    prefix_ += before.substr(0, literal_bytes);
  }
}

void Glob::add_set(std::u32string_view& rest) {
  const std::size_t end = end_of_set(rest);
  std::u32string_view inside = rest.substr(1, end - 2);
  Token token{.kind = Kind::set};
  token.is_negated = inside.front() == U'!' || inside.front() == U'^';
  if (token.is_negated) inside.remove_prefix(1);
  while (!inside.empty()) {
    const bool is_range = inside.size() > 2 && inside[1] == U'-';
    token.ranges.push_back({inside[0], is_range ? inside[2] : inside[0]});
    inside.remove_prefix(is_range ? 3 : 1);
  }
  tokens_.push_back(std::move(token));
  is_literal_ = false;
  rest.remove_prefix(end);
}

bool Glob::takes(const Token& token, char32_t character) const {
  const bool is_separator = style_ == Style::path && character == U'/';
  switch (token.kind) {
    case Kind::character:
      return token.character == character;
    case Kind::any_one:
    case Kind::any_many:
      return !is_separator;
    case Kind::set: {
      const bool is_in = std::ranges::any_of(token.ranges, [&](const Range& range) {
        return range.first <= character && character <= range.last;
      });
      return !is_separator && is_in != token.is_negated;
    }
    case Kind::any_deep:
    case Kind::any_directories:
      break;
  }
  return true;
}

// Which tokens may be the next, all at once, one character after the other: no pattern makes it slow.
bool Glob::matches(std::string_view text) const {
  if (!text.starts_with(prefix_)) return false;
  if (is_literal_) return text.size() == prefix_.size();
  std::vector<char> may(tokens_.size() + 1);
  std::vector<char> next(tokens_.size() + 1);
  const auto is_optional = [&](std::size_t at) {
    const Kind kind = tokens_[at].kind;
    return kind == Kind::any_many || kind == Kind::any_deep || kind == Kind::any_directories;
  };
  const auto allow = [&](std::vector<char>& set, std::size_t at) {
    for (set[at] = 1; at < tokens_.size() && is_optional(at);) set[++at] = 1;
  };
  allow(may, 0);
  while (!text.empty()) {
    const char32_t character = take_character(text);
    std::ranges::fill(next, 0);
    bool has_any = false;
    for (std::size_t at = 0; at < tokens_.size(); ++at) {
      if (may[at] == 0 || !takes(tokens_[at], character)) continue;
      has_any = true;
      if (!is_optional(at)) {
        allow(next, at + 1);
      } else if (tokens_[at].kind == Kind::any_directories && character != U'/') {
        next[at] = 2;  // within a directory: only a slash leads on
      } else {
        allow(next, at);
      }
    }
    if (!has_any) return false;
    std::swap(may, next);
  }
  return may[tokens_.size()] != 0;
}

bool Glob::matches_everything() const {
  if (tokens_.empty()) return false;
  return std::ranges::all_of(tokens_, [](const Token& token) { return token.kind == Kind::any_deep; });
}

std::string Glob::problem_of(std::string_view pattern) {
  if (pattern.empty()) return "the pattern is empty";
  if (pattern.size() > max_bytes) return "the pattern is too long";
  if (pattern.find('\0') != std::string_view::npos) return "the pattern holds a NUL";
  std::u32string characters = characters_of(pattern);
  std::u32string_view rest = characters;
  while (!rest.empty()) {
    if (rest.front() == U'\\') {
      if (rest.size() == 1) return "a backslash at the end escapes nothing";
      rest.remove_prefix(2);
    } else if (rest.front() == U'[') {
      const auto end = end_of_set(rest);
      if (end == std::u32string_view::npos) return "a bracket is not closed; write \\[ for the character";
      rest.remove_prefix(end);
    } else {
      rest.remove_prefix(1);
    }
  }
  return {};
}

std::string escape_glob(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace dropwarden::policy
