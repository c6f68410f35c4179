// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace dropwarden::sink {

// Writes lines to a descriptor from a thread of its own, so that a reader of the pipe who stalls costs
// nothing but itself; what a pipe takes at once is written by the caller. Does not own the descriptor, nor
// change its flags; of a pipe or terminal it opens a non-blocking twin, so the other end sees the end of the
// pipe only after the Stream is gone. Any thread may call `write`, of a process that ignores SIGPIPE.
class Stream {
 public:
  // What waits in the queue, at most: `capacity` lines and this many bytes, since a container decides how
  // long lines are.
  static constexpr std::size_t max_queued_bytes = std::size_t{32} << 20U;

  // `on_error` is called from the writer's thread with a text for the log, once a failure (EPIPE, ENOSPC, …)
  // and not again before a write succeeded. Throws sys::SystemError when there are no descriptors left.
  Stream(int descriptor, std::size_t capacity, std::function<void(const std::string&)> on_error);
  // Writes what is queued, as long as the descriptor takes it (at most 2 s), then stops. What is left counts
  // as lost.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // How much of the queue a line may find taken. `half` is for what comes in floods, so that these leave room
  // for findings.
  enum class Room { whole, half };
  // What became of a line that was taken: whether the descriptor has all of it. Called once, from the
  // writer's thread or within `write`.
  using OnEnd = std::function<void(bool is_written)>;
  // Queues one line; a line feed is added. False when there is no room for it, and `on_end` is not called:
  // the caller counts the loss.
  bool write(std::string line, Room room = Room::whole, OnEnd on_end = {});

  // Writes what is queued, as long as the descriptor takes it (at most 2 s), then ends the thread; what is
  // left counts as lost, and no line is taken any more. One thread, once or more; the destructor does it too.
  void finish();

  std::uint64_t lines_written() const;
  std::uint64_t lines_lost() const;  // taken, then not written: failures, and what was left at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dropwarden::sink
