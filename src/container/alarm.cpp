// SPDX-License-Identifier: Apache-2.0
#include "alarm.hpp"

#include <boost/asio/steady_timer.hpp>

namespace dropwarden::container {

struct Alarm::State {
  explicit State(boost::asio::io_context& loop) : timer(loop) {}

  boost::asio::steady_timer timer;
  unsigned round = 0;
};

Alarm::Alarm(boost::asio::io_context& loop) : state_(std::make_shared<State>(loop)) {}

void Alarm::set(std::chrono::milliseconds delay, std::function<void()> call) {
  const unsigned round = ++state_->round;
  state_->timer.expires_after(delay);
  state_->timer.async_wait([state = state_, round, call = std::move(call)](boost::system::error_code) {
    if (state->round == round) call();
  });
}

void Alarm::cancel() {
  ++state_->round;
  state_->timer.cancel();
}

}  // namespace dropwarden::container
