// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace dropwarden::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// Asks `condition` again and again until it holds, at most for `limit`. True when it held. The pauses grow
// from 1 to 20 ms: a condition that holds soon is noticed soon, and a long wait costs the thing waited for no
// processor time.
template <class Condition>
bool wait_for(Condition condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  auto pause = 1ms;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds{20ms});
  }
  return true;
}

}  // namespace dropwarden::test
