// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace dropwarden::metrics {

// How long something took: counts of durations up to each bound, and their sum. One thread.
class Histogram {
 public:
  // A close is read within a millisecond; what is waited for is waited for 2 s.
  static constexpr std::array<std::chrono::microseconds, 12> bounds{
      std::chrono::microseconds{500},       std::chrono::microseconds{1'000},
      std::chrono::microseconds{2'500},     std::chrono::microseconds{5'000},
      std::chrono::microseconds{10'000},    std::chrono::microseconds{25'000},
      std::chrono::microseconds{50'000},    std::chrono::microseconds{100'000},
      std::chrono::microseconds{500'000},   std::chrono::microseconds{1'000'000},
      std::chrono::microseconds{5'000'000}, std::chrono::microseconds{60'000'000}};

  // A negative duration counts as none: the wall clock may be set back.
  void observe(std::chrono::microseconds duration);

  // How many took at most bounds[index].
  std::uint64_t up_to(std::size_t index) const;
  std::uint64_t count() const { return count_; }
  std::chrono::microseconds sum() const { return sum_; }

 private:
  std::array<std::uint64_t, bounds.size()> counts_{};
  std::uint64_t count_ = 0;
  std::chrono::microseconds sum_{};
};

}  // namespace dropwarden::metrics
