// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include <boost/asio/io_context.hpp>

namespace dropwarden::test {

// Runs the loop until `holds` is true; false when that did not come within `limit`.
template <class Condition>
bool run_until(boost::asio::io_context& loop, Condition holds,
               std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    loop.restart();
    loop.run_one_until(end);
  }
  return true;
}

// Runs what is ready now, and what that makes ready.
inline void run_ready(boost::asio::io_context& loop) {
  loop.restart();
  loop.poll();
}

}  // namespace dropwarden::test
