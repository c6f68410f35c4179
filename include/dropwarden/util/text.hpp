// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dropwarden::util {

// The whole of `text` as a number in `base`, or nothing: no sign where T is unsigned, no spaces, no rest.
template <std::integral T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// The parts of `text` between `separator`s; empty parts are kept, so N separators give N+1 parts. The views
// live as long as the bytes behind `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

// Cuts the part before the first `separator` off `rest` and returns it; all of `rest` when there is none.
std::string_view take_until(std::string_view& rest, char separator);

// `text` without leading and trailing blanks (space, tab, newline, carriage return).
std::string_view trim(std::string_view text);

}  // namespace dropwarden::util
