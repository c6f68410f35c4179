// SPDX-License-Identifier: Apache-2.0
#include "plants.hpp"

namespace dropwarden::test {

void Plants::add(const std::string& container_id, const std::string& path) {
  const Place place{container_id, path};
  planted_.insert(place);
  if (!told_.contains(place)) awaited_.insert(place);
}

void Plants::see(const std::vector<Record>& records) {
  for (const Record& record : records) {
    const Place place{container_of(record), path_of(record)};
    told_[place].insert(text_at(record, "/id"));
    awaited_.erase(place);
  }
}

std::vector<std::string> Plants::awaited_in(const std::string& container_id) const {
  std::vector<std::string> paths;
  for (auto at = awaited_.lower_bound({container_id, {}}); at != awaited_.end() && at->first == container_id;
       ++at)
    paths.push_back(at->second);
  return paths;
}

std::vector<std::string> Plants::faults() const {
  std::vector<std::string> faults;
  for (const Place& place : planted_) {
    const auto told = told_.find(place);
    const auto count = told == told_.end() ? 0 : told->second.size();
    if (count == 1) continue;
    faults.push_back((count == 0 ? "not told: " : "told under " + std::to_string(count) + " ids: ") +
                     place.second + " in container " + place.first);
  }
  return faults;
}

}  // namespace dropwarden::test
