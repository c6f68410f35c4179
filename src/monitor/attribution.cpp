// SPDX-License-Identifier: Apache-2.0
#include "attribution.hpp"

#include <utility>

#include "dropwarden/attribute/process.hpp"
#include "dropwarden/container/process_source.hpp"

namespace dropwarden::monitor {
namespace {

// /proc tells who a container is, never what its image or pod is.
bool is_runtime(const container::SourceState& source) {
  return source.name != container::ProcessSource::name;
}

// Configured, but nothing has ever listened there.
bool is_unused(const container::SourceState& source) {
  return source.is_absent && !source.was_connected;
}

bool is_answering(const container::SourceState& source) {
  return source.is_connected && source.problem.empty();
}

}  // namespace

Attribution::Attribution(privilege::Privilege& privilege, WatchedMounts& overlays)
    : privilege_(privilege), overlays_(overlays) {
  const auto cgroup = privilege_.read_process_file(1, privilege::ProcessFile::cgroup);
  if (cgroup) enclosing_ = container::parse_process_owners(*cgroup);
}

// The outermost only: a container may make a cgroup that is named after another one.
std::optional<container::CgroupOwner> Attribution::named_owner(std::string_view cgroup) const {
  if (cgroup.empty() || cgroup != named_in_) {
    named_ = container::trusted_owner(container::parse_process_owners(cgroup), enclosing_);
    named_in_ = cgroup;
  }
  return named_;
}

std::optional<container::CgroupOwner> Attribution::owner_of(const model::ProcessInfo& process) const {
  auto owner = named_owner(process.cgroup);
  return owner && believes(*owner) ? std::move(owner) : std::nullopt;
}

std::optional<model::ContainerId> Attribution::container_of(model::Pid pid) const {
  if (pid.value == 0) return std::nullopt;
  model::ProcessInfo process;
  process.cgroup = privilege_.read_process_file(pid.value, privilege::ProcessFile::cgroup).value_or("");
  const auto owner = owner_of(process);
  return owner ? std::optional(owner->id) : std::nullopt;
}

bool Attribution::is_identified(const EventIdentity& identity) const {
  const WatchedMount* overlay = overlays_.identify(identity);
  return overlay != nullptr && !overlay->container.value.empty();
}

bool Attribution::learn_from_writer(const EventIdentity& identity, const ProcessReader::Answer& writer) {
  WatchedMount* overlay = overlays_.identify(identity);
  if (overlay == nullptr || !overlay->container.value.empty() || writer.root != overlay->device) return false;
  const auto owner = owner_of(writer.process);
  if (owner) overlay->container = owner->id;
  const bool was_nameless = std::exchange(overlay->is_nameless, !owner);
  return overlay->is_nameless != was_nameless || owner;
}

MetadataFrom Attribution::metadata_from(const model::ContainerId& id) const {
  bool has_runtime = false;
  for (const container::SourceState& source : snapshot_->sources) {
    if (!is_runtime(source) || is_unused(source)) continue;
    if (!is_answering(source)) return MetadataFrom::away;
    has_runtime = true;
  }
  if (!has_runtime) return MetadataFrom::nobody;
  const model::Container* known = snapshot_->find(id);
  const bool is_asked = known == nullptr || known->metadata == model::Metadata::pending;
  return !is_asked && snapshot_->told.contains(id.value) ? MetadataFrom::knower : MetadataFrom::runtime;
}

OpenFindings::ContainerAwaited Attribution::resolve(model::Finding& finding,
                                                    const EventIdentity& identity) const {
  model::Container& container = finding.event.container;
  // What was printed under one id stays with one container, also when something better is told of the overlay
  // later, or its device number has become the next one's.
  const bool is_printed = !finding.id.empty();
  const WatchedMount* overlay = is_printed ? nullptr : overlays_.identify(identity);
  const bool is_identified = overlay != nullptr && !overlay->container.value.empty();
  if (is_identified && container.id != overlay->container) {
    container = {};
    container.id = overlay->container;
  }
  const bool is_known = !container.id.value.empty();
  if (is_printed && !is_known) return {};
  if (is_known) learn_container(container, finding.event.process, is_printed);
  if (!is_printed) place_writer(finding.event.process, container);
  OpenFindings::ContainerAwaited awaited;
  if (container.metadata != model::Metadata::complete) {
    awaited.metadata = metadata_from(container.id);
    const bool may_be_told = awaited.metadata != MetadataFrom::nobody;
    container.metadata = may_be_told ? model::Metadata::pending : model::Metadata::none;
    // Without a runtime a look through /proc may still find the owner, but not once the writer itself had
    // none.
    awaited.container = !is_known && (may_be_told || (overlay != nullptr && !overlay->is_nameless));
  }
  return awaited;
}

void Attribution::place_writer(model::ProcessInfo& writer, const model::Container& container) const {
  writer.container = belonging_of(writer, container);
  if (writer.container != model::Belonging::other && writer.container != model::Belonging::host) return;
  writer.pid_in_container = {};
  writer.parent_in_container = {};
}

model::Belonging Attribution::belonging_of(const model::ProcessInfo& writer,
                                           const model::Container& container) const {
  using model::Belonging;
  if (writer.cgroup.empty() || container.id.value.empty()) return Belonging::unknown;
  if (const auto owner = named_owner(writer.cgroup)) {
    if (believes(*owner)) return owner->id == container.id ? Belonging::same : Belonging::other;
    if (!cgroups_.has_first(*owner)) return Belonging::unknown;
  }
  if (container.init.value == 0) return Belonging::unknown;
  const auto read_init = [&](privilege::ProcessFile file) {
    return privilege_.read_process_file(container.init.value, file).value_or("");
  };
  const std::string init_cgroup = read_init(privilege::ProcessFile::cgroup);
  if (const auto owner = named_owner(init_cgroup))
    return owner->id == container.id ? Belonging::host : Belonging::unknown;
  // The user named the cgroup, or there is none of its own: podman --cgroups=disabled leaves a container in
  // that of its caller.
  if (init_cgroup.empty()) return Belonging::unknown;
  if (!container::is_in_cgroup_of(writer.cgroup, init_cgroup)) return Belonging::host;
  const std::string init_namespace = read_init(privilege::ProcessFile::mount_namespace);
  const bool is_within = attribute::parse_namespace(init_namespace) == writer.mount_namespace;
  return is_within && writer.mount_namespace != 0 ? Belonging::same : Belonging::unknown;
}

void Attribution::learn_container(model::Container& container, const model::ProcessInfo& writer,
                                  bool is_printed) const {
  const model::Container* known = snapshot_->find(container.id);
  // Thousands may be waiting for a runtime, and each change of any container asks for all of them: what is
  // still in the making is copied for the first record only.
  const bool is_in_the_making = known != nullptr && known->metadata == model::Metadata::pending;
  if (known != nullptr && !(is_printed && is_in_the_making)) container = *known;
  if (container.runtime != model::Runtime::unknown) return;
  const auto owner = owner_of(writer);
  if (owner && owner->id == container.id) container.runtime = owner->runtime;
}

}  // namespace dropwarden::monitor
