// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace dropwarden::mount {

// How much processor time may go into searches that somebody brings about by asking for what is not there:
// any search at once while they are rare, a `share`th of a processor where they do not end. Pure.
class SearchBudget {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = std::chrono::nanoseconds;

  // Beyond the share, `most` may be spent at once, when it has been left alone for long enough.
  SearchBudget(int share, Time most) : share_(share), most_(most), left_(most) {}

  bool is_left(Clock::time_point now) {
    left_ = std::min(most_, left_ + (now - last_) / share_);
    last_ = now;
    return left_ > Time{};
  }
  void spend(Time time) { left_ -= time; }

 private:
  const int share_;
  const Time most_;
  Time left_;
  Clock::time_point last_{};
};

}  // namespace dropwarden::mount
