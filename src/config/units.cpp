// SPDX-License-Identifier: Apache-2.0
#include "units.hpp"

#include <array>
#include <limits>
#include <span>

#include "dropwarden/util/text.hpp"

namespace dropwarden::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Smallest first.
constexpr std::array duration_units{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000},
                                    Unit{"d", 86'400'000}};
constexpr std::array size_units{Unit{"", 1}, Unit{"KiB", std::uint64_t{1} << 10U},
                                Unit{"MiB", std::uint64_t{1} << 20U}, Unit{"GiB", std::uint64_t{1} << 30U},
                                Unit{"TiB", std::uint64_t{1} << 40U}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, std::uint64_t max) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  const auto number = util::parse_number<std::uint64_t>(digits);
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (text.substr(digits.size()) != unit.name) continue;
    if (*number > max / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

std::string format(std::uint64_t value, std::span<const Unit> units) {
  Unit best = units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = unit;
  }
  return std::to_string(value / best.factor) + std::string(best.name);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto count = parse(text, duration_units, std::numeric_limits<std::int64_t>::max());
  if (!count) return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::int64_t>(*count)};
}

std::string format_duration(std::chrono::milliseconds duration) {
  return format(static_cast<std::uint64_t>(duration.count()), duration_units);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, size_units, std::numeric_limits<std::uint64_t>::max());
}

std::string format_size(std::uint64_t bytes) {
  return format(bytes, size_units);
}

}  // namespace dropwarden::config
