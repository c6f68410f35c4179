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

void FairTurns::retain(const std::function<bool(const std::string& container)>& is_there) {
  std::erase_if(turns_, [&](const auto& entry) { return !is_there(entry.first); });
}

}  // namespace dropwarden::monitor
