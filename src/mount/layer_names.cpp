// SPDX-License-Identifier: Apache-2.0
#include "layer_names.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>

namespace dropwarden::mount {

bool LayerNames::add(const std::string& path, const Teller& teller, Clock::time_point now) {
  const auto known = names_.find(path);
  if (known != names_.end()) {
    if (const auto own = known->second.find(teller); own != known->second.end()) {
      own->second = now;
      return false;
    }
  }
  if (!shares_.take(teller)) return false;
  names_[path].emplace(teller, now);
  return true;
}

bool LayerNames::contains(const std::string& path, const Teller& teller) const {
  const auto known = names_.find(path);
  return known != names_.end() && known->second.contains(teller);
}

std::optional<Teller> LayerNames::find(const std::string& path, std::optional<std::uint32_t> owner) const {
  const auto known = names_.find(path);
  if (known == names_.end()) return std::nullopt;
  const Teller& first = known->second.begin()->first;
  if (first.is_trusted()) return first;
  if (!owner) return std::nullopt;
  const Teller user{.kind = Teller::Kind::user, .number = *owner};
  return known->second.contains(user) ? std::optional(user) : std::nullopt;
}

std::vector<std::string> LayerNames::paths() const {
  std::vector<std::string> paths;
  paths.reserve(names_.size());
  std::ranges::copy(std::views::keys(names_), std::back_inserter(paths));
  return paths;
}

void LayerNames::expire(Clock::time_point before) {
  for (auto& [path, tellers] : names_) {
    std::erase_if(tellers, [&](const auto& entry) {
      if (entry.second >= before) return false;
      shares_.give_back(entry.first);
      return true;
    });
  }
  std::erase_if(names_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace dropwarden::mount
