// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace dropwarden::monitor {

// How long to rest after work that took `spent` of processor time and is done over and over, whether or not
// there is anything to find: so long that it takes a four-hundredth of a processor at most, a second at
// least, a minute at most. Pure.
inline std::chrono::nanoseconds rest_after(std::chrono::nanoseconds spent) {
  constexpr int share = 400;
  constexpr std::chrono::nanoseconds shortest = std::chrono::seconds(1);
  constexpr std::chrono::nanoseconds longest = std::chrono::minutes(1);
  // Compared before it is multiplied, which could overflow.
  if (spent >= longest / share) return longest;
  return std::max(shortest, spent * share);
}

}  // namespace dropwarden::monitor
