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
  auto groups = look_at(std::move(young));
  if (!groups) return groups;
  // A runtime's helpers are in the cgroup before.
  std::erase_if(*groups, [](const ProcessGroup& group) { return !group.is_first; });
  for (const ProcessGroup& group : *groups) looks_[group.init] = most_looks;
  std::erase_if(*groups, [this](const ProcessGroup& group) { return !is_new(group); });
  return groups;
}

sys::Result<std::vector<ProcessGroup>> ProcessHunt::look_at(std::vector<model::Pid> pids) const {
  const std::size_t count = pids.size();
  ProcessReader reader = reader_;
  reader.list = [&pids] { return sys::Result<std::vector<model::Pid>>(std::move(pids)); };
  ProcessScan scan(std::move(reader), {}, &told_);
  if (auto looked = scan.step(count); !looked) return std::unexpected(std::move(looked.error()));
  return scan.groups();
}

// Any user of the host may make a cgroup of the container's name, and a process that is 1 in it.
bool ProcessHunt::is_new(const ProcessGroup& found) const {
  const auto told = told_.find(found.owner.id.value);
  if (told == told_.end()) return true;
  const auto best = look_at({told->second.init, found.init});
  return best && !best->empty() && best->front().init == found.init;
}

}  // namespace dropwarden::container
