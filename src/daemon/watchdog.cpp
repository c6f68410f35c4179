// SPDX-License-Identifier: Apache-2.0
#include "watchdog.hpp"

#include <chrono>
#include <cstdlib>
#include <poll.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "dropwarden/sys/output.hpp"
#include "dropwarden/sys/thread_state.hpp"

namespace dropwarden::daemon {
namespace {

using namespace std::chrono_literals;

constexpr unsigned longest_end = 20;

}  // namespace

Watchdog::Watchdog(boost::asio::io_context& loop, unsigned limit, std::chrono::milliseconds look)
    : loop_(loop), loop_thread_(sys::thread_id()), look_(look), limit_(limit), thread_([this] { run(); }) {}

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
      if (++ending > longest_end) give_up("the end of the daemon does not come about");
      continue;
    }
    const bool was_taken = is_taken_->exchange(false);
    if (was_taken) boost::asio::post(loop_, [taken = is_taken_] { *taken = true; });
    const auto turns = turns_.load(std::memory_order_relaxed);
    if (was_taken || turns != seen) {
      looks = 0;
      seen = turns;
    } else if (++looks >= limit_) {
      give_up("the event loop is stuck: no event is handled any more");
    }
  }
}

// Not by the log: the loop may be stuck while it holds its lock, or because nobody reads what it writes.
void Watchdog::give_up(const std::string& why) const {
  std::string text = "dropwarden: critical: " + why;
  if (const auto state = sys::read_thread_state(loop_thread_)) {
    text += " (state " + std::string(1, state->state);
    if (!state->wait_channel.empty()) text += " in " + state->wait_channel;
    text += ")";
  }
  text += "; ended, to be started again\n";
  struct pollfd output{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&output, 1, 0) == 1 && (output.revents & POLLOUT) != 0)
    static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
  // A destructor would wait for what is stuck.
  std::_Exit(1);
}

}  // namespace dropwarden::daemon
