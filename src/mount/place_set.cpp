// SPDX-License-Identifier: Apache-2.0
#include "place_set.hpp"

#include <utility>

#include "path.hpp"

namespace dropwarden::mount {

void PlaceSet::add(const model::Device& device, std::string path, Clock::time_point now,
                   const Teller& teller) {
  const auto places = places_.find(device);
  if (places != places_.end()) {
    if (const auto known = places->second.find(path); known != places->second.end()) {
      known->second.seen = now;
      return;
    }
  }
  if (shares_.take(teller)) places_[device].emplace(std::move(path), Place{.seen = now, .teller = teller});
}

bool PlaceSet::add_outermost(const model::Device& device, const std::string& path, Clock::time_point now,
                             const Teller& teller) {
  const auto places = places_.find(device);
  const bool is_known = places != places_.end() && places->second.contains(path);
  if (!is_known && contains(device, path)) return false;
  add(device, path, now, teller);
  return true;
}

bool PlaceSet::contains(const model::Device& device, std::string_view path) const {
  const auto places = places_.find(device);
  if (places == places_.end() || !path.starts_with('/')) return false;
  while (true) {
    if (places->second.contains(path.empty() ? std::string_view("/") : path)) return true;
    if (path.size() <= 1) return false;
    path = parent_of(path);
  }
}

void PlaceSet::expire(Clock::time_point before) {
  for (auto& [device, places] : places_) {
    std::erase_if(places, [&](const auto& entry) {
      if (entry.second.seen >= before) return false;
      shares_.give_back(entry.second.teller);
      return true;
    });
  }
  std::erase_if(places_, [](const auto& entry) { return entry.second.empty(); });
}

std::optional<std::string> path_in_file_system(const model::Mount& mount, std::string_view path) {
  const auto below = path_below(path, mount.mount_point);
  if (!below) return std::nullopt;
  std::string inside = mount.root == "/" ? std::string() : mount.root;
  inside += *below;
  return inside.empty() ? "/" : inside;
}

}  // namespace dropwarden::mount
