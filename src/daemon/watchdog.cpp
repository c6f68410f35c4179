// SPDX-License-Identifier: Apache-2.0
#include "watchdog.hpp"

#include <chrono>
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/post.hpp>

#include "dropwarden/sys/output.hpp"
#include "dropwarden/sys/thread_state.hpp"
#include "dropwarden/util/check.hpp"

namespace dropwarden::daemon {
namespace {

using namespace std::chrono_literals;

constexpr unsigned longest_end = 20;
constexpr int starved_share = 10;

clockid_t own_clock() {
  clockid_t clock{};
  util::check(::pthread_getcpuclockid(::pthread_self(), &clock) == 0, "a thread has a clock");
  return clock;
}

}  // namespace

Watchdog::Watchdog(boost::asio::io_context& loop, unsigned limit, int stuck_status,
                   std::chrono::milliseconds look)
    : loop_(loop),
      loop_thread_(sys::thread_id()),
      loop_clock_(own_clock()),
      look_(look),
      limit_(limit),
      stuck_status_(stuck_status),
      thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

// One at a time: in a burst thousands wait in a row, which on a busy machine may take longer than any limit.
void Watchdog::run_loop() {
  while (loop_.run_one() != 0) turns_.fetch_add(1, std::memory_order_relaxed);
}

void Watchdog::run() {
  sys::block_signals();
  unsigned looks = 0;
  unsigned ending = 0;
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, look_, [this] { return is_over_; })) {
    if (is_ending_) {
      if (++ending > longest_end) give_up("the end of the daemon does not come about", 1);
      continue;
    }
    const bool was_taken = is_taken_->exchange(false);
    if (was_taken) boost::asio::post(loop_, [taken = is_taken_] { *taken = true; });
    const auto turns = turns_.load(std::memory_order_relaxed);
    const bool is_waiting = was_starved();
    if (was_taken || turns != seen) {
      looks = 0;
      seen = turns;
    } else if (!is_waiting && ++looks >= limit_) {
      give_up("the event loop is stuck: no event is handled any more", stuck_status_);
    }
  }
}

bool Watchdog::is_starved(char state, std::chrono::nanoseconds processor_time,
                          std::chrono::milliseconds look) {
  return state == 'R' && processor_time < look / starved_share;
}

bool Watchdog::was_starved() {
  struct timespec time{};
  if (::clock_gettime(loop_clock_, &time) != 0) return false;
  const auto used = std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  const auto since = used - std::exchange(used_, used);
  const auto state = sys::read_thread_state(loop_thread_);
  return state && is_starved(state->state, since, look_);
}

// Not by the log: the loop may be stuck while it holds its lock, or because nobody reads what it writes.
void Watchdog::give_up(const std::string& why, int status) const {
  std::string text = "dropwarden: critical: " + why;
  if (const auto state = sys::read_thread_state(loop_thread_)) {
    text += " (state " + std::string(1, state->state);
    if (!state->wait_channel.empty()) text += " in " + state->wait_channel;
    text += ")";
  }
  text += "; ended, to be started again\n";
  if (sys::is_writable(STDERR_FILENO)) static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
  // A destructor would wait for what is stuck.
  std::_Exit(status);
}

}  // namespace dropwarden::daemon
