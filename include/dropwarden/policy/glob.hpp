// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dropwarden::policy {

// A pattern for names and paths, as glob(7) has them:
//   ?      one character but `/`; a byte that is no UTF-8 counts as one
//   *      any number of these, also none
//   **     any characters, `/` too; `/**/` stands for `/` as well
//   [a-z]  one of these characters, [!a-z] one of all others but `/`
//   \c     the character c itself
// A name has no parts: there `*` and `?` stand for `/`, too. A match is of the whole text, takes at most the
// product of both lengths, and needs no memory to speak of.
class Glob {
 public:
  enum class Style { path, name };
  explicit Glob(std::string_view pattern, Style style = Style::path);

  bool matches(std::string_view text) const;

  // Without any of the above: the only text that it matches.
  bool is_literal() const { return is_literal_; }
  // What each text that it matches begins with; all of a literal.
  const std::string& prefix() const { return prefix_; }
  // Whether it matches every text.
  bool matches_everything() const;

  // What is wrong with a pattern; empty: nothing.
  static std::string problem_of(std::string_view pattern);
  static constexpr std::size_t max_bytes = 1024;

 private:
  enum class Kind : std::uint8_t { character, any_one, set, any_many, any_deep, any_directories };
  struct Range {
    char32_t first = 0;
    char32_t last = 0;
  };
  struct Token {
    Kind kind = Kind::character;
    char32_t character = 0;
    bool is_negated = false;
    std::vector<Range> ranges{};
  };

  void parse(std::string_view pattern);
  void add_set(std::u32string_view& rest);
  bool takes(const Token& token, char32_t character) const;

  Style style_;
  bool is_literal_ = true;
  std::string prefix_;
  std::vector<Token> tokens_;
};

// `text` with what a glob would take for a pattern escaped, so that it matches itself alone.
std::string escape_glob(std::string_view text);

}  // namespace dropwarden::policy
