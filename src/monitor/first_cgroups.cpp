// SPDX-License-Identifier: Apache-2.0
#include "first_cgroups.hpp"

#include <algorithm>
#include <utility>

namespace dropwarden::monitor {

void FirstCgroups::on_containers(std::shared_ptr<const container::Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  std::erase_if(known_, [&](const auto& entry) { return snapshot_->find({entry.first}) == nullptr; });
}

std::optional<bool> FirstCgroups::has_first(const container::CgroupOwner& owner) const {
  const model::Container* container = snapshot_->find(owner.id);
  if (container == nullptr) return std::nullopt;
  learn(*container);
  const auto known = known_.find(owner.id.value);
  return known == known_.end() ? std::nullopt : std::optional(known->second.path == owner.path);
}

bool FirstCgroups::believes(const container::CgroupOwner& owner) const {
  return has_first(owner).value_or(!owner.is_users);
}

// What was learned holds after the end of the process: whoever wrote last is asked about then.
void FirstCgroups::learn(const model::Container& container) const {
  const auto known = known_.find(container.id.value);
  const bool is_known = known != known_.end() && known->second.init == container.init;
  if (container.init.value == 0 || is_known) return;
  const auto cgroup = privilege_.read_process_file(container.init.value, privilege::ProcessFile::cgroup);
  const auto owners = container::parse_process_owners(cgroup.value_or(""));
  const auto own = std::ranges::find(owners, container.id, &container::CgroupOwner::id);
  if (own != owners.end()) known_.insert_or_assign(container.id.value, Known{container.init, own->path});
}

}  // namespace dropwarden::monitor
