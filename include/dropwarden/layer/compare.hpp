// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::layer {

struct Budget {
  std::uint64_t max_bytes = std::uint64_t{256} << 20U;  // of each file
  std::chrono::nanoseconds max_time{std::chrono::seconds{5}};
};

enum class Equality {
  equal,
  different,
  unproven,  // equal as far as the budget, or until `stop`, went
};

// Compares two files of `size` bytes by pread(2) in chunks of 128 KiB; the descriptors stay the caller's. One
// that turns out shorter is different. Any thread.
sys::Result<Equality> compare_files(int one, int other, std::uint64_t size, const Budget& budget,
                                    const std::stop_token& stop = {});

}  // namespace dropwarden::layer
