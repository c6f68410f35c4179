// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/plan.hpp"

#include <unordered_map>
#include <unordered_set>

namespace dropwarden::watch {

Plan plan_marks(const std::vector<Target>& wanted, const std::vector<model::Device>& marked) {
  Plan plan;
  const std::unordered_set<model::Device> is_marked(marked.begin(), marked.end());
  std::unordered_set<model::Device> is_wanted;
  std::unordered_map<model::Device, std::size_t> position;  // in plan.to_mark
  for (const auto& target : wanted) {
    is_wanted.insert(target.device);
    if (is_marked.contains(target.device)) continue;
    const auto [entry, is_new] = position.try_emplace(target.device, plan.to_mark.size());
    if (is_new) {
      plan.to_mark.push_back(target);
    } else if (auto& taken = plan.to_mark[entry->second];
               taken.mount_point.empty() && !target.mount_point.empty()) {
      taken = target;
    }
  }
  std::unordered_set<model::Device> is_forgotten;
  for (const auto& device : marked) {
    if (!is_wanted.contains(device) && is_forgotten.insert(device).second) plan.to_forget.push_back(device);
  }
  return plan;
}

}  // namespace dropwarden::watch
