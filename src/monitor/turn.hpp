// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <sys/types.h>

namespace dropwarden::monitor {

// What a thread that handles jobs is at. The thread tells it, others look: each member for any thread.
class Turn {
 public:
  // The thread's own. Between `begin` and `end` it is expected to get on.
  void begin();
  void step() { ++steps_; }
  void end();
  void set_done();
  // Something was given to the thread: it is busy until `end`. For others than the thread, too.
  void set_busy() { is_busy_ = true; }

  // It is to end as soon as it can: the daemon ends, or another thread has taken its place.
  void request_stop() { stop_.request_stop(); }
  std::stop_token stop() const { return stop_.get_token(); }
  bool is_stopped() const { return stop_.stop_requested(); }

  pid_t thread() const { return thread_; }
  bool is_busy() const { return is_busy_; }
  std::uint64_t steps() const { return steps_; }
  bool is_done() const { return is_done_; }
  // Waits until the thread is about to end; false when it was not by then.
  bool wait_done(std::chrono::milliseconds limit);

 private:
  std::stop_source stop_;
  std::atomic<pid_t> thread_ = 0;
  std::atomic<bool> is_busy_ = false;
  std::atomic<bool> is_done_ = false;
  std::atomic<std::uint64_t> steps_ = 0;
  std::mutex mutex_;
  std::condition_variable ended_;
};

// For the length of a wait for others, which is not a stall of this thread.
class Rest {
 public:
  explicit Rest(Turn& turn) : turn_(turn) { turn_.end(); }
  ~Rest() { turn_.begin(); }
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;

 private:
  Turn& turn_;
};

// Looks at a turn again and again and says when its thread is stuck: busy with the same step all the time,
// asleep, and not once awake. Goes by the number of looks and not by a clock, so that a daemon that was
// stopped, or a machine that slept, makes no stall. One thread.
class StallCheck {
 public:
  struct Stall {
    pid_t thread = 0;
    std::string text;  // the thread's state and where in the kernel it sleeps
  };
  // Nothing as long as it gets on; from the `limit`th look without progress on, at each look, a stall.
  std::optional<Stall> look(const Turn& turn, unsigned limit);

 private:
  std::uint64_t steps_ = 0;
  std::uint64_t switches_ = 0;
  unsigned looks_ = 0;
};

}  // namespace dropwarden::monitor
