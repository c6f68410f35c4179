// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

namespace dropwarden::container {

// One pending call in the future, on the loop. Unlike a bare timer it never calls once it is cancelled, set
// anew or destroyed, even when it had already run out and waits its turn. Loop's thread only.
class Alarm {
 public:
  explicit Alarm(boost::asio::io_context& loop);
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { cancel(); }

  // Replaces what was set before.
  void set(std::chrono::milliseconds delay, std::function<void()> call);
  void cancel();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dropwarden::container
