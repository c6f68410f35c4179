// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/columns.hpp"

#include <algorithm>
#include <clocale>
#include <cwchar>
#include <locale.h>
#include <vector>

#include "dropwarden/util/utf8.hpp"

namespace dropwarden::sink {
namespace {

// wcwidth(3) knows only the characters of the thread's locale, and a daemon has none.
class Utf8Locale {
 public:
  Utf8Locale() {
    static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});
    if (utf8 != locale_t{}) before_ = ::uselocale(utf8);
  }
  ~Utf8Locale() {
    if (before_ != locale_t{}) ::uselocale(before_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t before_{};
};

struct Character {
  std::string_view bytes;
  std::size_t columns = 1;
};

std::vector<Character> characters_of(std::string_view text) {
  const Utf8Locale locale;
  std::vector<Character> characters;
  while (!text.empty()) {
    const auto code_point = util::decode_utf8(text);
    const std::string_view bytes = text.substr(0, code_point ? code_point->length : 1);
    const int width = code_point ? ::wcwidth(static_cast<wchar_t>(code_point->value)) : 1;
    // What the locale does not know is a box on the terminal.
    characters.push_back({bytes, width < 0 ? 1U : static_cast<unsigned>(width)});
    text.remove_prefix(bytes.size());
  }
  return characters;
}

// As many characters from the beginning as fit.
template <class Iterator>
Iterator take(Iterator begin, Iterator end, std::size_t columns) {
  std::size_t used = 0;
  while (begin != end && used + begin->columns <= columns) used += (begin++)->columns;
  return begin;
}

// All of it is a column each.
bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  if (is_printable_ascii(text)) return text.size();
  std::size_t columns = 0;
  for (const Character& character : characters_of(text)) columns += character.columns;
  return columns;
}

std::string fit(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  const auto characters = characters_of(text);
  constexpr std::size_t share_of_head = 3;
  const std::size_t head_columns = (columns - 1) / share_of_head;
  const auto head_end = take(characters.begin(), characters.end(), head_columns);
  const auto tail_begin = take(characters.rbegin(), characters.rend(), columns - 1 - head_columns).base();
  std::string out;
  std::for_each(characters.begin(), head_end, [&](const Character& c) { out += c.bytes; });
  out += "…";
  std::for_each(tail_begin, characters.end(), [&](const Character& c) { out += c.bytes; });
  return out;
}

std::string pad(std::string text, std::size_t columns) {
  const std::size_t used = columns_of(text);
  if (used < columns) text.append(columns - used, ' ');
  return text;
}

}  // namespace dropwarden::sink
