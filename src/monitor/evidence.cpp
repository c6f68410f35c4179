// SPDX-License-Identifier: Apache-2.0
#include "evidence.hpp"

#include <algorithm>

namespace dropwarden::monitor {

std::optional<EvidenceRoom::Place> EvidenceRoom::take(std::atomic<std::size_t>& left, std::uint64_t amount) {
  std::size_t now = left;
  do {
    if (amount > now) return std::nullopt;
  } while (!left.compare_exchange_weak(now, now - static_cast<std::size_t>(amount)));
  return Place({room_, &left}, static_cast<std::size_t>(amount));
}

void EvidenceBytes::add(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (offset > bytes_.size() || bytes.size() > bytes_.size() - offset) return;
  std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  end_ = static_cast<std::size_t>(offset) + bytes.size();
}

}  // namespace dropwarden::monitor
