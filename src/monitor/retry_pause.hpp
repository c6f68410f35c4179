// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include "dropwarden/privilege/places.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::monitor {

// How long to wait before a mark that has failed so often, counted from 1, is tried again: 20 ms at first,
// twice as long each time, about 10 s at most. Pure.
inline std::chrono::milliseconds retry_pause(int failures) {
  constexpr std::chrono::milliseconds first{20};
  constexpr int longest_shift = 9;
  return first * (1 << std::min(failures - 1, longest_shift));
}

// Attempts in a row to mark one thing. A process that is between two roots (privilege::is_between_roots) is
// asked for often, two seconds long, before that counts as a failure. A value; pure.
class MarkAttempts {
 public:
  // Whether nothing has failed yet, so that `error` is to be forgotten and asked again.
  bool is_soon_settled(const sys::Error& error) {
    is_settling_ = privilege::is_between_roots(error) && ++between_ <= most_between;
    return is_settling_;
  }
  // It has failed, so often by now.
  int fail() { return ++failures_; }
  // Until the next one.
  std::chrono::milliseconds pause() const { return is_settling_ ? between_pause : retry_pause(failures_); }

 private:
  static constexpr std::chrono::milliseconds between_pause{10};
  static constexpr int most_between = 200;

  int failures_ = 0;
  int between_ = 0;
  bool is_settling_ = false;
};

}  // namespace dropwarden::monitor
