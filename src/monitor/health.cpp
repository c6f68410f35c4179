// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/health.hpp"

#include <algorithm>
#include <utility>

namespace dropwarden::monitor {

const char* name_of(Condition condition) {
  switch (condition) {
    case Condition::degraded:
      return "degraded";
    case Condition::unhealthy:
      return "unhealthy";
    case Condition::ok:
      break;
  }
  return "ok";
}

bool Health::set(std::string_view part, Condition condition, std::string text, util::WallTime now) {
  const auto known = reasons_.find(part);
  const Condition before = known == reasons_.end() ? Condition::ok : known->second.condition;
  if (condition == Condition::ok) {
    if (known != reasons_.end()) reasons_.erase(known);
    return before != Condition::ok;
  }
  if (condition == before) {
    known->second.text = std::move(text);
    return false;
  }
  reasons_[std::string(part)] = {
      .part = std::string(part), .condition = condition, .text = std::move(text), .since = now};
  return true;
}

Condition Health::condition() const {
  Condition worst = Condition::ok;
  for (const auto& [part, reason] : reasons_) worst = std::max(worst, reason.condition);
  return worst;
}

std::vector<Health::Reason> Health::reasons() const {
  std::vector<Reason> reasons;
  for (const auto& [part, reason] : reasons_) reasons.push_back(reason);
  std::ranges::sort(reasons, [](const Reason& a, const Reason& b) {
    return a.condition == b.condition ? a.part < b.part : a.condition > b.condition;
  });
  return reasons;
}

}  // namespace dropwarden::monitor
