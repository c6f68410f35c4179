// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace dropwarden::monitor {

// How long to wait before a mark that has failed so often, counted from 1, is tried again: 20 ms at first,
// twice as long each time, about 10 s at most. Pure.
inline std::chrono::milliseconds retry_pause(int failures) {
  constexpr std::chrono::milliseconds first{20};
  constexpr int longest_shift = 9;
  return first * (1 << std::min(failures - 1, longest_shift));
}

// A process that is between two roots (privilege::is_between_roots) is asked for so often, two seconds,
// before that counts as a failure.
inline constexpr std::chrono::milliseconds between_roots_pause{10};
inline constexpr int most_between_roots = 200;

}  // namespace dropwarden::monitor
