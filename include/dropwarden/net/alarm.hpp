// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace dropwarden::net {

// One call back after a while, that cannot come too late: not once the alarm was cancelled, set anew or
// destroyed, also when its time had come by then and Asio had it queued. Loop's thread.
class Alarm {
 public:
  explicit Alarm(boost::asio::io_context& loop) : timer_(loop) {}

  // Replaces what was set. `ring` may do anything, also destroy the alarm.
  void set(std::chrono::milliseconds delay, std::function<void()> ring) {
    ring_ = std::make_shared<std::function<void()>>(std::move(ring));
    timer_.expires_after(delay);
    timer_.async_wait([weak = std::weak_ptr(ring_)](const boost::system::error_code& error) {
      const auto pending = weak.lock();
      if (pending && !error) (*pending)();
    });
  }

  void cancel() {
    ring_.reset();
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  std::shared_ptr<std::function<void()>> ring_;
};

}  // namespace dropwarden::net
