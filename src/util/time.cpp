// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/time.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "dropwarden/util/text.hpp"

namespace dropwarden::util {

std::string format_rfc3339(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  char text[64];
  const int length = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02ld:%02ld:%02ld.%09ldZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
      clock.minutes().count(), clock.seconds().count(), static_cast<long>(clock.subseconds().count()));
  return {text, static_cast<std::size_t>(length)};
}

namespace {

// Exactly `digits` digits at the start of `rest`.
std::optional<int> take_number(std::string_view& rest, std::size_t digits, int smallest, int largest) {
  const std::string_view part = rest.substr(0, digits);
  if (part.size() < digits || part.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  rest.remove_prefix(digits);
  const auto number = parse_number<int>(part);
  return number && *number >= smallest && *number <= largest ? number : std::nullopt;
}

bool take(std::string_view& rest, char expected) {
  if (!rest.starts_with(expected)) return false;
  rest.remove_prefix(1);
  return true;
}

std::optional<std::chrono::nanoseconds> take_fraction(std::string_view& rest) {
  if (!take(rest, '.')) return std::chrono::nanoseconds{0};
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0) return std::nullopt;
  std::string nanoseconds(rest.substr(0, std::min<std::size_t>(digits, 9)));
  nanoseconds.resize(9, '0');
  rest.remove_prefix(digits);
  return std::chrono::nanoseconds{*parse_number<std::int64_t>(nanoseconds)};
}

std::optional<std::chrono::minutes> take_offset(std::string_view& rest) {
  if (take(rest, 'Z') || take(rest, 'z')) return std::chrono::minutes{0};
  const bool is_west = rest.starts_with('-');
  if (!take(rest, is_west ? '-' : '+')) return std::nullopt;
  const auto hours = take_number(rest, 2, 0, 23);
  if (!hours || !take(rest, ':')) return std::nullopt;
  const auto minutes = take_number(rest, 2, 0, 59);
  if (!minutes) return std::nullopt;
  const std::chrono::minutes offset{*hours * 60 + *minutes};
  return is_west ? -offset : offset;
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = take_number(text, 4, 1678, 2261);
  if (!year_number || !take(text, '-')) return std::nullopt;
  const auto month_number = take_number(text, 2, 1, 12);
  if (!month_number || !take(text, '-')) return std::nullopt;
  const auto day_number = take_number(text, 2, 1, 31);
  if (!day_number || !(take(text, 'T') || take(text, 't'))) return std::nullopt;
  const auto hour = take_number(text, 2, 0, 23);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2, 0, 59);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2, 0, 60);
  if (!second) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  const year_month_day date{year{*year_number} / *month_number / *day_number};
  if (!offset || !text.empty() || !date.ok()) return std::nullopt;
  return WallTime{sys_days{date}} + hours{*hour} + minutes{*minute} + seconds{*second} + *fraction - *offset;
}

}  // namespace dropwarden::util
