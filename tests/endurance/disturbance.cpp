// SPDX-License-Identifier: Apache-2.0
#include "disturbance.hpp"

#include <algorithm>

namespace dropwarden::test {
namespace {

bool contains(const std::vector<Disturbance>& list, Disturbance one) {
  return std::ranges::find(list, one) != list.end();
}

}  // namespace

const char* name_of(Disturbance disturbance) {
  switch (disturbance) {
    case Disturbance::kill_all:
      return "kill -9 of all its processes";
    case Disturbance::kill_monitor:
      return "kill -9 of the monitor";
    case Disturbance::kill_marker:
      return "kill -9 of the marker";
    case Disturbance::restart_runtime:
      return "the runtime killed and started";
    case Disturbance::storm:
      return "a storm of files";
    case Disturbance::overflow:
      return "a storm that nobody reads";
    case Disturbance::full_disk:
      return "a full disk";
    case Disturbance::memory:
      return "memory pressure";
    case Disturbance::clock:
      return "a clock that jumps";
  }
  return "";
}

bool is_deadly(Disturbance disturbance) {
  using enum Disturbance;
  return disturbance == kill_all || disturbance == kill_monitor || disturbance == memory;
}

Disturbance Deck::deal(const std::vector<Disturbance>& wanted) {
  const auto is_out = [&](Disturbance one) { return !contains(wanted, one); };
  std::erase_if(cards_, is_out);
  if (cards_.empty()) {
    cards_ = wanted;
    std::ranges::shuffle(cards_, random_);
    // From the back.
    const auto is_later = [&](Disturbance one) { return !contains(first_, one); };
    std::ranges::stable_partition(cards_, is_later);
    first_.clear();
  }
  const Disturbance next = cards_.back();
  cards_.pop_back();
  return next;
}

void Deck::start_over(Disturbance first) {
  cards_.clear();
  first_ = {first};
}

std::vector<std::string> not_made(const std::map<Disturbance, Account>& accounts) {
  std::vector<std::string> faults;
  for (const auto& [disturbance, account] : accounts) {
    if (!account.missing.empty()) continue;
    if (account.made == 0)
      faults.push_back(std::string("never made, though it could be: ") + name_of(disturbance));
    else if (account.made_between == 0 && !is_deadly(disturbance))
      faults.push_back(std::string("not made between the times that are compared: ") + name_of(disturbance));
  }
  return faults;
}

}  // namespace dropwarden::test
