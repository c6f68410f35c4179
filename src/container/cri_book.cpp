// SPDX-License-Identifier: Apache-2.0
#include "cri_book.hpp"

#include <algorithm>
#include <utility>

namespace dropwarden::container {
namespace {

// containerd's CRI plugin keeps its containers here, always.
constexpr std::string_view cri_name_space = "k8s.io";

using model::ContainerState;

// A container of CRI is started once: what is known of it never goes back.
ContainerState later(ContainerState a, ContainerState b) {
  const auto rank = [](ContainerState state) {
    switch (state) {
      case ContainerState::created:
        return 1;
      case ContainerState::running:
        return 2;
      case ContainerState::exited:
        return 3;
      default:
        return 0;
    }
  };
  return rank(a) < rank(b) ? b : a;
}

// `fresh` from a list or a status, completed with what is `known` from elsewhere.
model::Container merge(const model::Container& known, model::Container fresh) {
  fresh.state = later(known.state, fresh.state);
  if (fresh.init.value == 0) fresh.init = known.init;
  if (fresh.state == ContainerState::exited) fresh.init = {};
  if (fresh.started == util::WallTime{}) fresh.started = known.started;
  if (!fresh.pod) fresh.pod = known.pod;
  fresh.upperdir = known.upperdir;
  return fresh;
}

}  // namespace

void CriBook::set_runtime(model::Runtime runtime, bool has_cri) {
  if (runtime == runtime_ && has_cri == has_cri_) return;
  runtime_ = runtime;
  has_cri_ = has_cri;
  containers_.clear();
}

void CriBook::begin_round() {
  ++round_;
  is_in_round_ = true;
  gone_.clear();
}

void CriBook::add_listed(const std::vector<CriContainer>& listed) {
  for (const CriContainer& listed_one : listed) {
    CriContainer fresh = listed_one;
    if (gone_.contains(fresh.container.id.value)) continue;
    Entry* entry = find_or_add(fresh.container.id, cri_name_space);
    if (entry == nullptr) continue;
    entry->is_listed = true;
    const model::Container& known = entry->container;
    const bool is_settled =
        known.metadata == model::Metadata::complete &&
        (known.state == fresh.container.state || fresh.container.state != ContainerState::running);
    if (is_settled) {
      entry->container.state = later(known.state, fresh.container.state);
      if (entry->container.state == ContainerState::exited) entry->container.init = {};
      continue;
    }
    complete_pod(fresh);
    entry->container = merge(known, std::move(fresh.container));
  }
}

void CriBook::add_tasks(const std::string& name_space, const std::vector<ListedTask>& tasks) {
  for (const ListedTask& task : tasks) {
    if (gone_.contains(task.id.value)) continue;
    Entry* entry = find_or_add(task.id, name_space);
    if (entry == nullptr || entry->is_listed) continue;
    entry->container.state = task.state;
    entry->container.init = task.state == ContainerState::exited ? model::Pid{} : task.pid;
  }
}

void CriBook::end_round(bool keep_tasks) {
  std::erase_if(containers_, [&](const auto& item) {
    const Entry& entry = item.second;
    return entry.round != round_ && (entry.is_listed || !keep_tasks);
  });
  is_in_round_ = false;
  gone_.clear();
}

CriBook::Change CriBook::apply(const TaskEvent& event) {
  if (event.kind == TaskEvent::Kind::deleted) {
    const auto found = containers_.find(event.id.value);
    // Beyond, a list from before brings it back until the next round.
    if (is_in_round_ && gone_.size() < max_containers) gone_.insert(event.id.value);
    if (found == containers_.end() || found->second.name_space != event.name_space) return Change::none;
    containers_.erase(found);
    return Change::gone;
  }
  // An exit alone does not make known what was not.
  if (event.kind == TaskEvent::Kind::exited && find(event.id) == nullptr) return Change::none;
  Entry* entry = find_or_add(event.id, event.name_space);
  if (entry == nullptr) return Change::none;
  model::Container& container = entry->container;
  switch (event.kind) {
    case TaskEvent::Kind::created:
      container.state = ContainerState::created;
      container.init = event.pid;
      container.upperdir = event.upperdir;
      break;
    case TaskEvent::Kind::started:
      container.state = ContainerState::running;
      container.init = event.pid;
      container.started = event.time;
      break;
    case TaskEvent::Kind::exited:
      container.state = ContainerState::exited;
      container.init = {};
      break;
    case TaskEvent::Kind::deleted:
      break;
  }
  return Change::updated;
}

CriBook::Change CriBook::apply(const CriContainer& details) {
  const auto found = containers_.find(details.container.id.value);
  if (found == containers_.end()) return Change::none;
  CriContainer fresh = details;
  complete_pod(fresh);
  found->second.is_listed = true;
  found->second.round = round_;
  found->second.container = merge(found->second.container, std::move(fresh.container));
  return Change::updated;
}

CriBook::Change CriBook::give_up(const model::ContainerId& id) {
  const auto found = containers_.find(id.value);
  if (found == containers_.end()) return Change::none;
  found->second.container.metadata = model::Metadata::none;
  return Change::updated;
}

const model::Container* CriBook::find(const model::ContainerId& id) const {
  const auto found = containers_.find(id.value);
  return found == containers_.end() ? nullptr : &found->second.container;
}

bool CriBook::is_incomplete(const model::ContainerId& id) const {
  const model::Container* container = find(id);
  return container != nullptr && container->metadata == model::Metadata::pending;
}

std::vector<model::ContainerId> CriBook::incomplete() const {
  std::vector<model::ContainerId> out;
  for (const auto& [id, entry] : containers_) {
    if (entry.container.metadata == model::Metadata::pending) out.push_back(entry.container.id);
  }
  return out;
}

std::vector<model::Container> CriBook::all() const {
  std::vector<model::Container> out;
  out.reserve(containers_.size());
  for (const auto& [id, entry] : containers_) out.push_back(entry.container);
  return out;
}

// Nothing when there is no room, or when another namespace has a container of that name: ids are unique
// within one only.
CriBook::Entry* CriBook::find_or_add(const model::ContainerId& id, std::string_view name_space) {
  auto found = containers_.find(id.value);
  if (found == containers_.end()) {
    if (is_full()) return nullptr;
    Entry entry;
    entry.container.id = id;
    entry.container.runtime = runtime_;
    entry.container.metadata = can_ask(name_space) ? model::Metadata::pending : model::Metadata::none;
    entry.name_space = name_space;
    found = containers_.emplace(id.value, std::move(entry)).first;
  }
  if (found->second.name_space != name_space) return nullptr;
  found->second.round = round_;
  return &found->second;
}

void CriBook::complete_pod(CriContainer& container) const {
  if (container.container.pod) return;
  const model::Container* sandbox = find({container.sandbox_id});
  if (sandbox != nullptr) container.container.pod = sandbox->pod;
}

bool CriBook::can_ask(std::string_view name_space) const {
  return has_cri_ && name_space == cri_name_space;
}

}  // namespace dropwarden::container
