// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string_view>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sink {

// Writes whole lines to a pipe, socket, terminal or file that it does not own and that may stall or fail. One
// thread. Owns a non-blocking twin of a pipe or terminal, and the event by which another thread sets the
// deadline.
class LineWriter {
 public:
  using Clock = std::chrono::steady_clock;

  // Throws sys::SystemError when there are no descriptors left.
  explicit LineWriter(int descriptor);

  // `line` ends in a line feed. Waits as long as the reader does, until `stop_at`. ETIME after it. When
  // only a part was taken before a failure, the next line begins on a line of its own.
  sys::Result<void> write(std::string_view line);

  // Writes `line` if that takes no waiting. False when it did not: nothing of it was written, and `write`
  // tells why. Raises SIGPIPE when the reader goes away meanwhile.
  bool try_write(std::string_view line);

  // From now on nothing waits beyond `deadline`. Wakes a waiting `write`. Any thread, once.
  void stop_at(Clock::time_point deadline);

 private:
  sys::Result<void> write_all(std::string_view bytes);
  sys::Result<void> wait();

  int target_;
  sys::Fd twin_;
  sys::Fd stopping_;
  std::atomic<Clock::rep> deadline_{Clock::time_point::max().time_since_epoch().count()};
  bool is_whole_or_nothing_ = false;
  bool is_within_line_ = false;
};

}  // namespace dropwarden::sink
