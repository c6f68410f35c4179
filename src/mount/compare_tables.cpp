// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "dropwarden/mount/table.hpp"

namespace dropwarden::mount {
namespace {

bool comes_before(const model::Mount* left, const model::Mount* right) {
  return std::tie(left->id, left->device, left->mount_point) <
         std::tie(right->id, right->device, right->mount_point);
}

std::vector<const model::Mount*> sort(const std::vector<model::Mount>& mounts) {
  std::vector<const model::Mount*> sorted;
  sorted.reserve(mounts.size());
  for (const auto& mount : mounts) sorted.push_back(&mount);
  std::ranges::sort(sorted, comes_before);
  return sorted;
}

// Those of `mounts`, in their order, that `others` does not hold.
std::vector<model::Mount> subtract(const std::vector<model::Mount>& mounts,
                                   const std::vector<const model::Mount*>& others) {
  std::vector<model::Mount> rest;
  for (const auto& mount : mounts) {
    if (!std::ranges::binary_search(others, &mount, comes_before)) rest.push_back(mount);
  }
  return rest;
}

}  // namespace

TableChange compare_tables(const std::vector<model::Mount>& before, const std::vector<model::Mount>& after) {
  return {.appeared = subtract(after, sort(before)), .vanished = subtract(before, sort(after))};
}

}  // namespace dropwarden::mount
