// SPDX-License-Identifier: Apache-2.0
#include "fair_turns.hpp"

#include <algorithm>
#include <tuple>

namespace dropwarden::monitor {

std::vector<std::size_t> FairTurns::take(const std::vector<Waiting>& waiting, std::size_t most) {
  struct Candidate {
    std::size_t place = 0;
    std::uint64_t* turn = nullptr;
    Clock::time_point since;
  };
  std::vector<Candidate> left;
  left.reserve(waiting.size());
  for (const auto& [container, since] : waiting)
    left.push_back({left.size(), &turns_.try_emplace(container, turn_).first->second, since});
  std::vector<std::size_t> taken;
  while (taken.size() < most && !left.empty()) {
    const auto next = std::ranges::min_element(
        left, {}, [](const Candidate& candidate) { return std::tuple(*candidate.turn, candidate.since); });
    *next->turn = ++turn_;
    taken.push_back(next->place);
    *next = left.back();
    left.pop_back();
  }
  return taken;
}

std::uint64_t FairTurns::last(const std::string& container) const {
  const auto found = turns_.find(container);
  return found == turns_.end() ? 0 : found->second;
}

void FairTurns::note(const std::string& container, std::size_t most) {
  turns_.insert_or_assign(container, ++turn_);
  bound(most);
}

void FairTurns::join(const std::string& container, std::size_t most) {
  if (turns_.try_emplace(container, turn_).second) bound(most);
}

// Who goes comes first the next time: those whose turn was longest ago.
void FairTurns::bound(std::size_t most) {
  if (turns_.size() <= most) return;
  std::vector<Turns::iterator> oldest;
  oldest.reserve(turns_.size());
  for (auto entry = turns_.begin(); entry != turns_.end(); ++entry) oldest.push_back(entry);
  const auto kept = oldest.end() - static_cast<std::ptrdiff_t>(most / 2);
  std::ranges::nth_element(oldest, kept, {}, [](const auto& entry) { return entry->second; });
  oldest.erase(kept, oldest.end());
  for (const auto& entry : oldest) turns_.erase(entry);
}

void FairTurns::retain(const std::function<bool(const std::string& container)>& is_there) {
  std::erase_if(turns_, [&](const auto& entry) { return !is_there(entry.first); });
}

}  // namespace dropwarden::monitor
