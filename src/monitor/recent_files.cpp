// SPDX-License-Identifier: Apache-2.0
#include "recent_files.hpp"

#include <algorithm>
#include <functional>

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

constexpr RecentFiles::Clock::duration first_pause = 10s;
constexpr RecentFiles::Clock::duration longest_pause = 10min;

}  // namespace

std::size_t RecentFiles::Hash::operator()(const FileNumbers& file) const noexcept {
  // A container chooses none of them freely but the size.
  const auto changed = static_cast<std::uint64_t>(file.changed.time_since_epoch().count());
  return std::hash<model::Device>{}(file.device) ^ std::hash<std::uint64_t>{}(file.inode * 31 + changed);
}

bool RecentFiles::contains(const FileNumbers& file, Clock::time_point now) const {
  const auto known = looks_.find(file);
  return known != looks_.end() && now < known->second.due;
}

void RecentFiles::settle(const FileNumbers& file) {
  if (const auto known = looks_.find(file); known != looks_.end()) known->second.is_settled = true;
}

bool RecentFiles::is_settled(const FileNumbers& file) const {
  const auto known = looks_.find(file);
  return known != looks_.end() && known->second.is_settled;
}

void RecentFiles::add(const FileNumbers& file, Clock::time_point now) {
  if (const auto known = looks_.find(file); known != looks_.end()) {
    Look& look = known->second;
    if (now >= look.due) look.pause = std::min(look.pause * 2, longest_pause);
    look.due = now + look.pause;
    return;
  }
  if (order_.size() == capacity) {
    looks_.erase(order_.front());
    order_.pop_front();
  }
  looks_.emplace(file, Look{.due = now + first_pause, .pause = first_pause});
  order_.push_back(file);
}

}  // namespace dropwarden::monitor
