// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "support/daemon.hpp"

namespace dropwarden::test {

// What the processes of a daemon hold, all of them together: itself and its children, however many it is made
// of.
struct Usage {
  std::uint64_t memory = 0;  // bytes, RssAnon of proc(5)
  std::size_t descriptors = 0;
  std::size_t threads = 0;                // it can keep no more processors busy
  std::chrono::milliseconds processor{};  // user and system time so far
};
Usage read_usage(const Daemon& daemon);

// Checks that it holds no more of anything than before, but for a few descriptors and `more_memory`, for what
// it may remember. Waits a while for what it still gives back.
void expect_bounded(const Daemon& daemon, const Usage& before, std::uint64_t more_memory);

}  // namespace dropwarden::test
