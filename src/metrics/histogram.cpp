// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/metrics/histogram.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace dropwarden::metrics {

void Histogram::observe(std::chrono::microseconds duration) {
  duration = std::max(duration, std::chrono::microseconds{0});
  const auto bound = std::ranges::lower_bound(bounds, duration);
  if (bound != bounds.end()) ++counts_[static_cast<std::size_t>(std::distance(bounds.begin(), bound))];
  ++count_;
  sum_ += duration;
}

std::uint64_t Histogram::up_to(std::size_t index) const {
  return std::accumulate(counts_.begin(), std::next(counts_.begin(), static_cast<std::ptrdiff_t>(index) + 1),
                         std::uint64_t{0});
}

}  // namespace dropwarden::metrics
