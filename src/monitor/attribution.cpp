// SPDX-License-Identifier: Apache-2.0
#include "attribution.hpp"

#include <algorithm>

#include "dropwarden/container/process_source.hpp"

namespace dropwarden::monitor {
namespace {

// /proc tells who a container is, never what its image or pod is.
bool has_runtime(const container::Snapshot& snapshot) {
  return std::ranges::any_of(snapshot.sources, [](const container::SourceState& source) {
    return source.is_connected && source.name != container::ProcessSource::name;
  });
}

}  // namespace

Attribution::Attribution(privilege::Privilege& privilege, Overlays& overlays)
    : privilege_(privilege), overlays_(overlays) {
  const auto cgroup = privilege_.read_process_file(1, privilege::ProcessFile::cgroup);
  if (cgroup) enclosing_ = container::parse_process_owners(*cgroup);
}

std::optional<container::CgroupOwner> Attribution::owner_of(const model::ProcessInfo& process) const {
  return container::trusted_owner(container::parse_process_owners(process.cgroup), enclosing_);
}

bool Attribution::is_identified(const EventIdentity& identity) const {
  const Overlay* overlay = overlays_.identify(identity);
  return overlay != nullptr && !overlay->container.value.empty();
}

bool Attribution::learn_from_writer(const EventIdentity& identity, const ProcessReader::Answer& writer) {
  Overlay* overlay = overlays_.identify(identity);
  if (overlay == nullptr || !overlay->container.value.empty() || writer.root != overlay->device) return false;
  const auto owner = owner_of(writer.process);
  if (owner) overlay->container = owner->id;
  overlay->is_nameless = !owner;
  return true;
}

OpenFindings::ContainerAwaited Attribution::resolve(model::Finding& finding,
                                                    const EventIdentity& identity) const {
  const bool may_be_told = has_runtime(*snapshot_);
  const Overlay* overlay = overlays_.identify(identity);
  const bool is_identified = overlay != nullptr && !overlay->container.value.empty();
  // What was printed under one id stays with one container, also when something better is told of the overlay
  // later.
  const bool is_printed = !finding.id.empty();
  if (is_printed && (!is_identified || overlay->container != finding.event.container.id)) return {};
  if (is_identified) {
    if (const model::Container* known = snapshot_->find(overlay->container)) finding.event.container = *known;
    finding.event.container.id = overlay->container;
    const auto owner = owner_of(finding.event.process);
    const bool is_unnamed = finding.event.container.runtime == model::Runtime::unknown;
    if (is_unnamed && owner && owner->id == overlay->container)
      finding.event.container.runtime = owner->runtime;
  }
  const bool is_complete = finding.event.container.metadata == model::Metadata::complete;
  const bool awaits_metadata = !is_complete && may_be_told;
  if (!is_complete)
    finding.event.container.metadata = may_be_told ? model::Metadata::pending : model::Metadata::none;
  // Without a runtime a look through /proc may still find the owner, but not once the writer itself had none.
  const bool may_be_found = overlay != nullptr && !overlay->is_nameless;
  return {.container = !is_identified && (may_be_told || may_be_found), .metadata = awaits_metadata};
}

}  // namespace dropwarden::monitor
