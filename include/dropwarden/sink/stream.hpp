// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace dropwarden::sink {

// Writes lines to a descriptor from a thread of its own, so that a reader of the pipe who stalls costs nothing but itself.
// Does not own the descriptor. Any thread may call `write`.
class Stream {
 public:
  // `on_error` is called from the writer's thread with a text for the log, once a failure (EPIPE, ENOSPC, …) and not
  // again before a write succeeded.
  Stream(int descriptor, std::size_t capacity, std::function<void(const std::string&)> on_error);
  // Writes what is queued, as long as the descriptor takes it (at most 2 s), then stops.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Queues one line; a line feed is added. False when the queue is full: the caller counts the loss.
  bool write(std::string line);
  std::uint64_t lines_written() const;
  std::uint64_t lines_lost() const;  // failed writes

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dropwarden::sink
