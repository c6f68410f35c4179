// SPDX-License-Identifier: Apache-2.0
#include "namespace_scan.hpp"

#include <utility>

namespace dropwarden::monitor {

using privilege::ProcessFile;

bool NamespaceScan::step(std::size_t count) {
  if (!is_listed_) {
    is_listed_ = true;
    if (auto pids = reader_.list()) pids_ = std::move(*pids);
  }
  for (; count > 0 && next_ < pids_.size(); --count) look_at(pids_[next_++]);
  return next_ < pids_.size();
}

void NamespaceScan::look_at(model::Pid pid) {
  auto name_space = reader_.read(pid, ProcessFile::mount_namespace);
  if (!name_space || known_.contains(*name_space)) return;
  const auto cgroup = reader_.read(pid, ProcessFile::cgroup);
  if (!cgroup) return;
  const auto owner = container::trusted_owner(container::parse_process_owners(*cgroup), enclosing_);
  if (!owner || !believes_(*owner)) return;
  // A process of another container, or of the host, may be in the same one: each shows it for itself.
  const std::string key = *name_space + owner->id.value;
  const auto known = found_.find(key);
  if (known != found_.end() && !known->second.is_jailed) return;
  const bool is_jailed = reader_.read(pid, ProcessFile::root).value_or("/") != "/";
  if (known != found_.end() && is_jailed) return;
  found_.insert_or_assign(key, NestedNamespace{owner->id, std::move(*name_space), pid, is_jailed});
}

std::vector<NestedNamespace> NamespaceScan::take_found() {
  std::vector<NestedNamespace> found;
  found.reserve(found_.size());
  for (auto& [key, nested] : found_) found.push_back(std::move(nested));
  found_.clear();
  return found;
}

}  // namespace dropwarden::monitor
