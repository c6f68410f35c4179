// SPDX-License-Identifier: Apache-2.0
#include "plants.hpp"

#include <fmt/format.h>

namespace dropwarden::test {
namespace {

// What an id is made from, and what else may say why there are two.
std::string describe(const Record& record) {
  const boost::json::value& file = record.at("event").at("file");
  const auto& hash = file.at("sha256");
  return fmt::format("by {} at {}: inode {} ctime {} size {} sha256 {} {}", text_at(record, "/detected_by"),
                     text_at(record, "/time"), boost::json::serialize(file.at("inode")),
                     text_at(file, "/ctime"), boost::json::serialize(file.at("size")),
                     text_at(hash, "/status"), text_at(hash, "/value"));
}

}  // namespace

void Plants::add(const std::string& container_id, const std::string& path) {
  const Place place{container_id, path};
  planted_.insert(place);
  if (!told_.contains(place)) awaited_.insert(place);
}

void Plants::see(const std::vector<Record>& records) {
  for (const Record& record : records) {
    const Place place{container_of(record), path_of(record)};
    auto& told = told_[place];
    if (const auto id = text_at(record, "/id"); !told.contains(id)) told.emplace(id, describe(record));
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
    if (count == 0) continue;
    for (const auto& [id, record] : told->second) faults.back() += "\n  " + id + " " + record;
  }
  return faults;
}

}  // namespace dropwarden::test
