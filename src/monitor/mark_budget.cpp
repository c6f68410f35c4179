// SPDX-License-Identifier: Apache-2.0
#include "mark_budget.hpp"

namespace dropwarden::monitor {

void MarkBudget::set_marked(const watch::Marks& marks) {
  marked_ = {marks.mounts.begin(), marks.mounts.end()};
  marked_.insert(marks.file_systems.begin(), marks.file_systems.end());
  std::erase_if(held_, [this](const auto& entry) {
    const Holder& holder = entry.second;
    if (is_marked(entry.first)) return false;
    --holder.count->all;
    if (holder.is_nested) --holder.count->nested;
    return true;
  });
  std::erase_if(counts_, [](const auto& entry) { return entry.second.all == 0; });
}

MarkBudget::Verdict MarkBudget::take(const Object& object, const std::string& container, bool is_nested) {
  if (held_.contains(object)) return Verdict::granted;
  Count& count = counts_[container];
  const bool is_beyond = count.all >= limits_.of_container || (is_nested && count.nested >= limits_.nested);
  if (is_beyond) return Verdict::beyond_container;
  if (held_.size() >= limits_.of_all) return Verdict::beyond_all;
  held_.emplace(object, Holder{&count, is_nested});
  ++count.all;
  if (is_nested) ++count.nested;
  return Verdict::granted;
}

}  // namespace dropwarden::monitor
