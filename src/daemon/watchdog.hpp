// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include <boost/asio/io_context.hpp>

namespace dropwarden::daemon {

// A thread that sees whether the loop turns: whether it ends one handler after the other, however many wait,
// and takes what this thread gives it when none does. A loop that is stuck in a call can neither say so nor
// do anything about it: the thread says it on standard error and ends the process, so that who supervises it
// (the supervisor, systemd) starts it again; what was missed is then scanned for. It does the same, with
// status 1, when the end of the daemon itself takes too long. Goes by its own looks, one a second, and not by
// a clock: a daemon that was stopped (SIGSTOP), or whose machine slept, is not stuck; nor is a loop that
// wants the processor and does not get it, for which another process would be no better.
class Watchdog {
 public:
  // On the loop's thread. The loop outlives it. `limit`: looks without a turn, after which the loop is stuck,
  // and the process ends with `stuck_status`. `look`: from one to the next.
  Watchdog(boost::asio::io_context& loop, unsigned limit, int stuck_status,
           std::chrono::milliseconds look = std::chrono::seconds{1});
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void set_limit(unsigned limit) { limit_ = limit; }
  // Runs the loop, on this thread, until it has nothing to do.
  void run_loop();
  // The loop need not turn any more: the daemon ends, within 20 looks.
  void expect_end() { is_ending_ = true; }

  // Whether a thread in this state (proc(5)) that had so much of the processor within the time `look` waits
  // for nothing but the processor. One that turns in a circle has more of it. Pure.
  static bool is_starved(char state, std::chrono::nanoseconds processor_time, std::chrono::milliseconds look);

 private:
  void run();
  bool was_starved();
  [[noreturn]] void give_up(const std::string& why, int status) const;

  boost::asio::io_context& loop_;
  const pid_t loop_thread_;
  const clockid_t loop_clock_;  // of the processor time of that thread
  std::chrono::nanoseconds used_{};
  const std::chrono::milliseconds look_;
  std::atomic<unsigned> limit_;
  const int stuck_status_;
  std::atomic<std::uint64_t> turns_ = 0;  // handlers that have ended
  std::atomic<bool> is_ending_ = false;
  // What is posted may be dropped, or come after this has gone.
  std::shared_ptr<std::atomic<bool>> is_taken_ = std::make_shared<std::atomic<bool>>(true);
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace dropwarden::daemon
