// SPDX-License-Identifier: Apache-2.0
#include "turn.hpp"

#include <utility>

#include "dropwarden/sys/thread_state.hpp"

namespace dropwarden::monitor {

void Turn::begin() {
  if (thread_ == 0) thread_ = sys::thread_id();
  ++steps_;
  is_busy_ = true;
}

void Turn::end() {
  is_busy_ = false;
  ++steps_;
}

void Turn::set_done() {
  const std::lock_guard lock(mutex_);
  is_done_ = true;
  ended_.notify_all();
}

bool Turn::wait_done(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, limit, [this] { return is_done_.load(); });
}

std::optional<StallCheck::Stall> StallCheck::look(const Turn& turn, unsigned limit) {
  const std::uint64_t steps = turn.steps();
  const bool is_same = turn.is_busy() && steps == steps_;
  steps_ = steps;
  if (!is_same) {
    looks_ = 0;
    return std::nullopt;
  }
  const auto state = sys::read_thread_state(turn.thread());
  if (!state) return std::nullopt;
  const bool was_awake = state->state == 'R' || std::exchange(switches_, state->switches) != state->switches;
  looks_ = was_awake ? 0 : looks_ + 1;
  if (looks_ < limit) return std::nullopt;
  std::string text = "state " + std::string(1, state->state);
  if (!state->wait_channel.empty()) text += " in " + state->wait_channel;
  return Stall{.thread = turn.thread(), .text = std::move(text)};
}

}  // namespace dropwarden::monitor
