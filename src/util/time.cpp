// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/time.hpp"

#include <cstdio>

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

}  // namespace dropwarden::util
