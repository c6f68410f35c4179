// SPDX-License-Identifier: Apache-2.0
#include "container_mounts.hpp"

#include <algorithm>
#include <utility>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// A first process is on the host's root until it has pivoted, some milliseconds later. One that stays there
// is a container of the host's root, and shows no mounts of its own.
constexpr auto first_wait = 2ms;
constexpr int most_attempts = 10;
constexpr std::size_t longest_reason = 1024;

constexpr std::string_view shared_tag = "shared:";
constexpr std::string_view master_tag = "master:";

// `shared:N` of a mount makes it the N that others name as `master:N` (mount_namespaces(7)).
std::unordered_set<std::string> groups_of(const std::vector<model::Mount>& mounts) {
  std::unordered_set<std::string> groups;
  for (const model::Mount& mount : mounts) {
    for (const std::string& tag : mount.tags) {
      if (tag.starts_with(shared_tag)) groups.insert(tag.substr(shared_tag.size()));
    }
  }
  return groups;
}

// Groups in which a mount has come or gone: those of the mounts that it lies on.
std::unordered_set<std::string> changed_groups(const std::vector<model::Mount>& before,
                                               const std::vector<model::Mount>& after) {
  const mount::TableChange change = mount::compare_tables(before, after);
  std::unordered_set<model::MountId> below;
  for (const model::Mount& mount : change.appeared) below.insert(mount.parent);
  for (const model::Mount& mount : change.vanished) below.insert(mount.parent);
  std::vector<model::Mount> parents;
  for (const auto* table : {&before, &after}) {
    for (const model::Mount& mount : *table) {
      if (below.contains(mount.id)) parents.push_back(mount);
    }
  }
  return groups_of(parents);
}

}  // namespace

void ContainerMounts::on_table(const std::vector<model::Mount>& table) {
  const auto changed = changed_groups(host_.table(), table);
  host_ = mount::HostMounts(table);
  for (auto& [id, known] : known_) {
    const bool may_see = std::ranges::any_of(
        changed, [&masters = known.masters](const std::string& group) { return masters.contains(group); });
    if (may_see) touch(id);
  }
}

void ContainerMounts::on_containers(const std::shared_ptr<const container::Snapshot>& snapshot) {
  std::erase_if(known_, [&](const auto& entry) {
    const model::Container* container = snapshot->find({entry.first});
    const bool is_over = container == nullptr || container->init.value == 0 ||
                         container->state == model::ContainerState::exited;
    if (is_over) gone_.push_back(entry.first);
    return is_over;
  });
  for (const auto& [id, container] : snapshot->containers) {
    if (container->init.value == 0 || container->state == model::ContainerState::exited) continue;
    Known& known = known_[id];
    if (known.init == container->init) continue;
    known = {.init = container->init, .due = Clock::time_point{}, .attempts = 0, .masters = {}};
  }
}

void ContainerMounts::set_options(const mount::JudgeOptions& options) {
  options_ = options;
  for (auto& [id, known] : known_) touch(id);
}

void ContainerMounts::touch(const std::string& container, Clock::time_point when) {
  const auto found = known_.find(container);
  if (found == known_.end()) return;
  auto& due = found->second.due;
  due = due ? std::min(*due, when) : when;
}

std::vector<ContainerMounts::Reading> ContainerMounts::read_due(Clock::time_point now, std::size_t most) {
  std::vector<Reading> readings;
  std::size_t looked_at = 0;
  for (auto& [id, known] : known_) {
    if (!known.due || *known.due > now) continue;
    if (looked_at++ == most) break;
    if (auto reading = read(id, known, now)) readings.push_back(std::move(*reading));
  }
  return readings;
}

std::optional<ContainerMounts::Reading> ContainerMounts::read(const std::string& container, Known& known,
                                                              Clock::time_point now) {
  known.due.reset();
  const auto text = privilege_.read_process_mounts(known.init.value);
  if (!text) return std::nullopt;
  const auto table = mount::parse_mountinfo(*text);
  auto judged = mount::judge_mounts(table, host_, options_);
  if (!judged) {
    if (known.attempts < most_attempts) known.due = now + first_wait * (1 << known.attempts++);
    return std::nullopt;
  }
  if (text->size() == privilege::Privilege::max_mounts_bytes) {
    judged->push_back({.mount = {},
                       .reason = "its mounts are too many to read: what is behind the first 512 KiB of its "
                                 "mountinfo is not watched"});
  }
  known.attempts = 0;
  known.masters.clear();
  for (const model::Mount& mount : table) {
    for (const std::string& tag : mount.tags) {
      if (tag.starts_with(master_tag)) known.masters.insert(tag.substr(master_tag.size()));
      // Also one that is a peer of the host's own: `rshared`.
      if (tag.starts_with(shared_tag)) known.masters.insert(tag.substr(shared_tag.size()));
    }
  }
  return Reading{.container = container, .init = known.init, .mounts = std::move(*judged)};
}

mount::JudgeOptions judge_options(const config::Watch& watch) {
  mount::JudgeOptions options;
  options.wants_volumes = watch.volumes;
  options.wants_tmpfs = watch.tmpfs;
  return options;
}

WatchedMount to_watched(const mount::JudgedMount& judged, const ContainerMounts::Reading& reading) {
  WatchedMount mount;
  mount.place = judged.place;
  mount.device = judged.mount.device;
  mount.type = judged.mount.file_system;
  mount.mount = judged.mount.id;
  mount.path = judged.mount.mount_point;
  mount.root = judged.mount.root;
  mount.init = reading.init;
  mount.container = {reading.container};
  mount.problem = util::escape(judged.reason, longest_reason);
  return mount;
}

std::optional<ContainerMounts::Clock::time_point> ContainerMounts::next_due() const {
  std::optional<Clock::time_point> next;
  for (const auto& [id, known] : known_) {
    if (known.due) next = next ? std::min(*next, *known.due) : *known.due;
  }
  return next;
}

}  // namespace dropwarden::monitor
