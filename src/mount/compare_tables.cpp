// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ranges>
#include <span>
#include <tuple>

#include "dropwarden/mount/table.hpp"

namespace dropwarden::mount {
namespace {

bool comes_before(const model::Mount* left, const model::Mount* right) {
  return std::tie(left->id, left->device, left->mount_point) <
         std::tie(right->id, right->device, right->mount_point);
}

using Mounts = std::span<const model::Mount>;

std::vector<const model::Mount*> sort(Mounts mounts) {
  std::vector<const model::Mount*> sorted;
  sorted.reserve(mounts.size());
  for (const auto& mount : mounts) sorted.push_back(&mount);
  std::ranges::sort(sorted, comes_before);
  return sorted;
}

// Those of `mounts`, in their order, that `others` does not hold.
std::vector<model::Mount> subtract(Mounts mounts, const std::vector<const model::Mount*>& others) {
  std::vector<model::Mount> rest;
  for (const auto& mount : mounts) {
    if (!std::ranges::binary_search(others, &mount, comes_before)) rest.push_back(mount);
  }
  return rest;
}

bool is_same(const model::Mount& left, const model::Mount& right) {
  return left.id == right.id && left.device == right.device && left.mount_point == right.mount_point;
}

}  // namespace

// Mostly one mount has come, at the end, or one has gone: what both tables begin and end with is not sorted.
TableChange compare_tables(const std::vector<model::Mount>& before, const std::vector<model::Mount>& after) {
  const auto [left, right] = std::ranges::mismatch(before, after, is_same);
  const std::ranges::subrange left_rest(left, before.end());
  const std::ranges::subrange right_rest(right, after.end());
  const auto [left_end, right_end] =
      std::ranges::mismatch(left_rest | std::views::reverse, right_rest | std::views::reverse, is_same);
  const Mounts old(left, left_end.base());
  const Mounts now(right, right_end.base());
  return {.appeared = subtract(now, sort(old)), .vanished = subtract(old, sort(now))};
}

}  // namespace dropwarden::mount
