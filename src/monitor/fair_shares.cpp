// SPDX-License-Identifier: Apache-2.0
#include "fair_shares.hpp"

#include <algorithm>
#include <vector>

namespace dropwarden::monitor {

FairShares::Duration FairShares::standing(const std::string& container) const {
  const auto found = standings_.find(container);
  return found == standings_.end() ? floor_ : std::max(found->second, floor_);
}

void FairShares::join(const std::string& container, std::size_t most) {
  if (standings_.try_emplace(container, highest_).second) bound(most);
}

void FairShares::charge(const std::string& container, Duration used, std::size_t most) {
  floor_ = standing(container);
  const Duration after = floor_ + used;
  standings_.insert_or_assign(container, after);
  highest_ = std::max(highest_, after);
  bound(most);
}

// Who goes comes first the next time: those who come first anyhow.
void FairShares::bound(std::size_t most) {
  if (standings_.size() <= most) return;
  std::vector<Standings::iterator> lowest;
  lowest.reserve(standings_.size());
  for (auto entry = standings_.begin(); entry != standings_.end(); ++entry) lowest.push_back(entry);
  const auto kept = lowest.end() - static_cast<std::ptrdiff_t>(most / 2);
  std::ranges::nth_element(lowest, kept, {}, [](const auto& entry) { return entry->second; });
  lowest.erase(kept, lowest.end());
  for (const auto& entry : lowest) standings_.erase(entry);
}

}  // namespace dropwarden::monitor
