// SPDX-License-Identifier: Apache-2.0
#include "attribution.hpp"

#include <algorithm>

#include "dropwarden/container/cgroup_path.hpp"
#include "process_root.hpp"

namespace dropwarden::monitor {
void Attribution::learn_from_writer(const EventIdentity& identity, const model::ProcessInfo& process) {
  Overlay* overlay = overlays_.identify(identity);
  if (overlay == nullptr || !overlay->container.value.empty()) return;
  const auto owner = container::parse_process_cgroup(process.cgroup);
  if (!owner) return;
  const auto root = read_root_mount(privilege_, process.pid);
  if (root && root->device == overlay->device) overlay->container = owner->id;
}

OpenFindings::ContainerAwaited Attribution::resolve(model::Finding& finding, const EventIdentity& identity) const {
  const bool may_learn_more = is_any_source_connected();
  const Overlay* overlay = overlays_.identify(identity);
  if (overlay == nullptr || overlay->container.value.empty()) {
    finding.container.metadata = may_learn_more ? model::Metadata::pending : model::Metadata::none;
    return {.container = may_learn_more, .metadata = may_learn_more};
  }
  if (const model::Container* known = snapshot_->find(overlay->container)) finding.container = *known;
  finding.container.id = overlay->container;
  const bool is_complete = finding.container.metadata == model::Metadata::complete;
  if (!is_complete) {
    finding.container.metadata = may_learn_more ? model::Metadata::pending : model::Metadata::none;
  }
  if (finding.container.runtime == model::Runtime::unknown) {
    if (const auto owner = container::parse_process_cgroup(finding.process.cgroup);
        owner && owner->id == overlay->container) {
      finding.container.runtime = owner->runtime;
    }
  }
  return {.container = false, .metadata = !is_complete && may_learn_more};
}

bool Attribution::is_any_source_connected() const {
  return std::ranges::any_of(snapshot_->sources, &container::SourceState::is_connected);
}

}  // namespace dropwarden::monitor
