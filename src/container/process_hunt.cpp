// SPDX-License-Identifier: Apache-2.0
#include "process_hunt.hpp"

#include <utility>

namespace dropwarden::container {

sys::Result<std::vector<ProcessGroup>> ProcessHunt::look() {
  auto pids = reader_.list();
  if (!pids) return std::unexpected(std::move(pids.error()));
  const bool is_first = !std::exchange(has_begun_, true);
  std::unordered_map<model::Pid, int> looks;
  std::vector<model::Pid> young;
  looks.reserve(pids->size());
  for (const model::Pid pid : *pids) {
    const auto known = looks_.find(pid);
    int count = known == looks_.end() ? 0 : known->second;
    if (is_first) count = most_looks;
    if (count < most_looks) {
      young.push_back(pid);
      ++count;
    }
    looks.emplace(pid, count);
  }
  looks_ = std::move(looks);
  if (young.empty()) return std::vector<ProcessGroup>{};
  const std::size_t count = young.size();
  ProcessReader reader = reader_;
  reader.list = [&young] { return sys::Result<std::vector<model::Pid>>(std::move(young)); };
  ProcessScan scan(std::move(reader));
  if (auto looked = scan.step(count); !looked) return std::unexpected(std::move(looked.error()));
  auto groups = scan.groups();
  // A runtime's helpers are in the cgroup before.
  std::erase_if(groups, [](const ProcessGroup& group) { return !group.is_first; });
  for (const ProcessGroup& group : groups) looks_[group.init] = most_looks;
  return groups;
}

}  // namespace dropwarden::container
