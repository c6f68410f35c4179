// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

namespace dropwarden::monitor {

// The ids of the newest findings, so that a drop that is seen twice is reported once. Bounded: the oldest is
// forgotten first.
class RecentIds {
 public:
  explicit RecentIds(std::size_t capacity) : capacity_(capacity) {}

  // False when `id` was there already.
  bool insert(const std::string& id) {
    if (!known_.insert(id).second) return false;
    order_.push_back(id);
    if (order_.size() > capacity_) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }
  bool contains(const std::string& id) const { return known_.contains(id); }

 private:
  const std::size_t capacity_;
  std::unordered_set<std::string> known_;
  std::deque<std::string> order_;
};

}  // namespace dropwarden::monitor
