// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "dropwarden/layer/scanner.hpp"

namespace dropwarden::monitor {

// How fast scans go, however many small ones there are: in steps of a hundredth of a second, which is also
// how long a volume cannot be unmounted at most, each with a pause behind it. Thread-safe.
class SweepRate {
 public:
  struct Step {
    std::uint64_t entries = 0;
    std::uint64_t files = 0;  // of which something was read
    std::uint64_t bytes = 0;
    std::chrono::nanoseconds opening{};  // until the mount was open
    std::chrono::nanoseconds took{};     // with that
  };

  SweepRate(std::uint64_t entries_a_second, std::uint64_t bytes_a_second)
      : entries_a_second_(entries_a_second), bytes_a_second_(bytes_a_second) {}
  void set(std::uint64_t entries_a_second, std::uint64_t bytes_a_second);
  layer::Scanner::Budget budget() const;
  // 0 or less: none.
  std::chrono::nanoseconds pause_after(const Step& step) const;

 private:
  std::atomic<std::uint64_t> entries_a_second_;
  std::atomic<std::uint64_t> bytes_a_second_;
};

}  // namespace dropwarden::monitor
