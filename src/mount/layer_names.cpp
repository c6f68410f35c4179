// SPDX-License-Identifier: Apache-2.0
#include "layer_names.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>

namespace dropwarden::mount {

bool LayerNames::has(const Tellings& tellings, const Teller& teller) {
  return std::ranges::binary_search(tellings, teller, {}, &Telling::teller);
}

bool LayerNames::add(const std::string& path, const Teller& teller, Clock::time_point now) {
  const auto known = names_.find(path);
  if (known != names_.end() && has(known->second, teller)) {
    std::ranges::lower_bound(known->second, teller, {}, &Telling::teller)->last = now;
    return false;
  }
  if (!shares_.take(teller)) return false;
  Tellings& tellings = known != names_.end() ? known->second : names_[path];
  tellings.insert(std::ranges::lower_bound(tellings, teller, {}, &Telling::teller), {teller, now});
  return true;
}

bool LayerNames::contains(const std::string& path, const Teller& teller) const {
  const auto known = names_.find(path);
  return known != names_.end() && has(known->second, teller);
}

std::optional<Teller> LayerNames::find(const std::string& path, std::optional<std::uint32_t> owner) const {
  const auto known = names_.find(path);
  if (known == names_.end()) return std::nullopt;
  const Teller& first = known->second.front().teller;
  if (first.is_trusted()) return first;
  if (!owner) return std::nullopt;
  const Teller user{.kind = Teller::Kind::user, .number = *owner};
  return has(known->second, user) ? std::optional(user) : std::nullopt;
}

std::vector<std::string> LayerNames::paths() const {
  std::vector<std::string> paths;
  paths.reserve(names_.size());
  std::ranges::copy(std::views::keys(names_), std::back_inserter(paths));
  return paths;
}

void LayerNames::expire(Clock::time_point before) {
  for (auto& [path, tellings] : names_) {
    std::erase_if(tellings, [&](const Telling& telling) {
      if (telling.last >= before) return false;
      shares_.give_back(telling.teller);
      return true;
    });
  }
  std::erase_if(names_, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace dropwarden::mount
