// SPDX-License-Identifier: Apache-2.0
#include "sweep_rate.hpp"

#include <algorithm>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t steps_a_second = 100;
// To read a few bytes of a file brings a page from its disk.
constexpr std::uint64_t page = 4096;
// A mount is looked up in the table of its container, which takes the longer the more it has mounted: that
// has a fifth of a processor, and one that waits for a disk is not made to wait for long.
constexpr int pauses_an_opening = 4;
constexpr std::chrono::nanoseconds longest_for_opening = 100ms;

}  // namespace

void SweepRate::set(std::uint64_t entries_a_second, std::uint64_t bytes_a_second) {
  entries_a_second_ = entries_a_second;
  bytes_a_second_ = bytes_a_second;
}

layer::Scanner::Budget SweepRate::budget() const {
  return {.entries = std::max<std::uint64_t>(entries_a_second_ / steps_a_second, 1),
          .bytes = std::max<std::uint64_t>(bytes_a_second_ / steps_a_second, 1)};
}

std::chrono::nanoseconds SweepRate::pause_after(const Step& step) const {
  const auto read = std::max(step.bytes, step.files * page);
  const std::chrono::duration<double> worth(
      std::max(static_cast<double>(step.entries) / static_cast<double>(entries_a_second_),
               static_cast<double>(read) / static_cast<double>(bytes_a_second_)));
  return std::max(std::chrono::duration_cast<std::chrono::nanoseconds>(worth) - step.took,
                  std::min(step.opening * pauses_an_opening, longest_for_opening));
}

}  // namespace dropwarden::monitor
