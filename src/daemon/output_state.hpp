// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace dropwarden::daemon {

// How one output does, since the daemon was started: what `status` and /metrics say of it.
struct OutputState {
  std::string name;
  std::string type;    // as in the configuration
  std::string format;  // the same
  std::uint64_t delivered = 0;
  std::uint64_t refused = 0;   // that the receiver will never take
  std::uint64_t lost = 0;      // without room in memory or store, or that could not be written
  std::uint64_t failures = 0;  // attempts that failed
  std::uint64_t pending = 0;   // wait for it
  // How long the oldest of these has waited, by a clock that is not set; 0 when none does.
  std::chrono::milliseconds lag{};
  std::string problem{};  // why it does not get on; empty: it does
};

}  // namespace dropwarden::daemon
