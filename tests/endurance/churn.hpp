// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <random>
#include <string>

#include "plants.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

// Containers that come and go, and each of which drops an executable every half second until it is told to
// stop: by itself, so that a runtime that is away or a monitor that is not there makes no difference to it.
// One thread.
class Churn {
 public:
  Churn(Runtime& runtime, Plants& plants) : runtime_(runtime), plants_(plants) {}

  // One step: a container more, or the oldest one told to stop, or removed once all that it dropped was told,
  // or a minute later. Throws when the runtime does not do it.
  void step(std::size_t most);
  // Until there is none. `wait` is called meanwhile.
  template <class Wait>
  void drain(Wait wait) {
    while (!containers_.empty()) {
      step(0);
      wait();
    }
  }
  // Files that nobody runs, in one container: as many as the kernel's queue does not hold. Some are programs.
  void storm(std::size_t files);

  std::size_t running() const { return containers_.size(); }
  std::size_t started() const { return started_; }
  std::size_t removed() const { return removed_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct One {
    TestContainer container;
    Clock::time_point begun;
    Clock::time_point stopped;  // when it was told to; epoch: not yet
  };
  void start();
  void stop(One& one);

  Runtime& runtime_;
  Plants& plants_;
  std::deque<One> containers_;
  std::size_t started_ = 0;
  std::size_t removed_ = 0;
  std::size_t storms_ = 0;
};

}  // namespace dropwarden::test
