// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/compare.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

#include "dropwarden/sys/file.hpp"

namespace dropwarden::layer {

sys::Result<Equality> compare_files(int one, int other, std::uint64_t size, const Budget& budget,
                                    const std::stop_token& stop) {
  constexpr std::uint64_t max_chunk = std::uint64_t{128} << 10U;
  const auto deadline = std::chrono::steady_clock::now() + budget.max_time;
  const auto capacity = static_cast<std::size_t>(std::min(size, max_chunk));
  const auto first = std::make_unique_for_overwrite<std::byte[]>(capacity);
  const auto second = std::make_unique_for_overwrite<std::byte[]>(capacity);
  const std::uint64_t end = std::min(size, budget.max_bytes);
  for (std::uint64_t offset = 0; offset < end;) {
    if (stop.stop_requested() || std::chrono::steady_clock::now() >= deadline) return Equality::unproven;
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(capacity, end - offset));
    const auto got = sys::read_at(one, {first.get(), length}, offset);
    if (!got) return std::unexpected(got.error());
    const auto other_got = sys::read_at(other, {second.get(), length}, offset);
    if (!other_got) return std::unexpected(other_got.error());
    const bool is_whole = *got == length && *other_got == length;
    if (!is_whole || std::memcmp(first.get(), second.get(), length) != 0) return Equality::different;
    offset += length;
  }
  return end == size ? Equality::equal : Equality::unproven;
}

}  // namespace dropwarden::layer
