// SPDX-License-Identifier: Apache-2.0
#include "known_drops.hpp"

#include "dropwarden/util/check.hpp"

namespace dropwarden::monitor {

KnownDrops::KnownDrops(std::size_t capacity) : capacity_(capacity) {
  slots_.reserve(capacity);
}

KnownDrop* KnownDrops::find(const attribute::Digest& id) {
  return find(by_id_, id);
}

KnownDrop* KnownDrops::find_at(const attribute::Digest& place) {
  return find(by_place_, place);
}

KnownDrop* KnownDrops::find(const Index& index, const attribute::Digest& key) {
  const auto found = index.find(key);
  if (found == index.end()) return nullptr;
  Slot& slot = slots_[*found];
  slot.is_seen_again = true;
  return &slot.drop;
}

KnownDrop& KnownDrops::add(const KnownDrop& drop) {
  util::check(!by_id_.contains(drop.id), "a drop is told once");
  const Number at = make_room();
  slots_[at] = {.drop = drop, .is_taken = true, .is_seen_again = false};
  by_id_.insert(at);
  by_place_.erase(drop.place);
  by_place_.insert(at);
  return slots_[at].drop;
}

void KnownDrops::forget(const attribute::Digest& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const Number at = *found;
  has_forgotten_ = has_forgotten_ || slots_[at].drop.verdict != model::Verdict::excepted;
  slots_[at].is_taken = false;
  by_id_.erase(found);
  const auto place = by_place_.find(slots_[at].drop.place);
  if (place != by_place_.end() && *place == at) by_place_.erase(place);
}

KnownDrops::Number KnownDrops::make_room() {
  if (slots_.size() < capacity_) {
    slots_.emplace_back();
    return static_cast<Number>(slots_.size() - 1);
  }
  // Ends within two rounds: the first takes the marks away.
  for (;; next_ = (next_ + 1) % slots_.size()) {
    Slot& slot = slots_[next_];
    if (slot.is_taken && slot.is_seen_again) {
      slot.is_seen_again = false;
      continue;
    }
    if (slot.is_taken) forget(slot.drop.id);
    const auto at = static_cast<Number>(next_);
    next_ = (next_ + 1) % slots_.size();
    return at;
  }
}

}  // namespace dropwarden::monitor
