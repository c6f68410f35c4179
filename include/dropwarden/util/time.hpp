// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace dropwarden::util {

// A point of the wall clock, with the kernel's resolution.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// RFC 3339 in UTC with nine fractional digits: `2026-11-23T04:00:00.123456789Z`.
std::string format_rfc3339(WallTime time);

// A point of time as RFC 3339 writes it, any offset, any number of fractional digits (those beyond
// nanoseconds are dropped). Nothing when it is malformed or outside what WallTime can hold (1678 to 2261):
// Go's zero time too.
std::optional<WallTime> parse_rfc3339(std::string_view text);

}  // namespace dropwarden::util
