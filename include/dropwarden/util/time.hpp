// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace dropwarden::util {

// A point of the wall clock, with the kernel's resolution.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// RFC 3339 in UTC with nine fractional digits: `2026-11-23T04:00:00.123456789Z`.
std::string format_rfc3339(WallTime time);

}  // namespace dropwarden::util
