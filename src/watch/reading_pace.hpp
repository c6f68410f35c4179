// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace dropwarden::watch {

// When a group that has become readable is read: at once while little happens, so that a single drop is told
// without delay, and a millisecond later while much does. To wake a reader is what a writer pays for (a third
// of its time in a tight loop, where queueing alone is a twentieth), and one wake-up serves all that is
// queued by then. Pure.
class ReadingPace {
 public:
  using Clock = std::chrono::steady_clock;

  // The group has become readable. How long to leave it alone.
  Clock::duration rest_before_reading(Clock::time_point now) {
    if (now - read_ > window) is_batching_ = false;
    if (now - since_ > window) {
      since_ = now;
      records_ = 0;
    }
    return is_batching_ ? rest : Clock::duration::zero();
  }
  // So many records were read.
  void add(std::size_t records) { records_ += records; }
  // The queue is empty.
  void end_reading(Clock::time_point now) {
    is_batching_ = records_ >= (is_batching_ ? worth_a_rest : many_records);
    if (is_batching_) records_ = 0;
    read_ = now;
  }

  static constexpr Clock::duration rest = std::chrono::milliseconds(1);

 private:
  // Batching begins with 4000 records a second, and ends where a rest gathers next to nothing.
  static constexpr Clock::duration window = 2 * rest;
  static constexpr std::size_t many_records = 8;
  static constexpr std::size_t worth_a_rest = 4;

  Clock::time_point since_{};
  Clock::time_point read_{};
  std::size_t records_ = 0;  // since `since_`, or of this reading while batching
  bool is_batching_ = false;
};

}  // namespace dropwarden::watch
