// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace dropwarden::monitor {

// How long to wait before the mounts of a first process that has been found on the host's root so often,
// counted from 1, are read again; nothing when that is what its container has. It pivots some milliseconds
// after it has begun, and runs its program some 10 ms later, so that it is looked at often at first. On a
// busy machine that takes longer; but each look is a whole table, which one that never pivots can make long.
// Pure.
inline std::optional<std::chrono::milliseconds> pivot_pause(int attempts) {
  constexpr std::chrono::milliseconds first{2};
  constexpr std::chrono::milliseconds brisk{5};
  constexpr int brisk_attempts = 40;
  constexpr int most_attempts = 64;
  constexpr int at_each_length = 4;
  if (attempts > most_attempts) return std::nullopt;
  if (attempts > brisk_attempts) return brisk * (2 << ((attempts - brisk_attempts - 1) / at_each_length));
  return std::min(first * attempts, brisk);
}

}  // namespace dropwarden::monitor
