// SPDX-License-Identifier: Apache-2.0
#include "place_set.hpp"

#include <utility>

#include "path.hpp"

namespace dropwarden::mount {

void PlaceSet::add(const model::Device& device, std::string path, Clock::time_point now) {
  auto& places = places_[device];
  if (const auto known = places.find(path); known != places.end()) {
    known->second = now;
  } else if (size_ < max_places) {
    places.emplace(std::move(path), now);
    ++size_;
  }
}

void PlaceSet::add_outermost(const model::Device& device, const std::string& path, Clock::time_point now) {
  const auto places = places_.find(device);
  const bool is_known = places != places_.end() && places->second.contains(path);
  if (is_known || !contains(device, path)) add(device, path, now);
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
  size_ = 0;
  for (auto& [device, places] : places_) {
    std::erase_if(places, [&](const auto& place) { return place.second < before; });
    size_ += places.size();
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
