// SPDX-License-Identifier: Apache-2.0
#include "container_mounts.hpp"

#include <algorithm>
#include <unistd.h>
#include <utility>

#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/proc_stat.hpp"
#include "dropwarden/util/escape.hpp"

#include "pivot_pause.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// How often a container is read at most, whatever it mounts: when it was told of itself, and when it may have
// been another.
constexpr auto told_pause = 20ms;
constexpr auto guessed_pause = 200ms;
// And each of its namespaces, where processes execute there without end.
constexpr auto doubted_pause = 1s;
// Then what is written there is missed for so long that it has to be said.
constexpr auto longest_wait = 5s;
constexpr std::size_t most_nested = 16;  // of one container, which can make namespaces without end
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

std::unordered_set<model::MountId> ids_of(const std::string& mountinfo) {
  std::unordered_set<model::MountId> ids;
  for (const model::Mount& mount : mount::parse_mountinfo(mountinfo)) ids.insert(mount.id);
  return ids;
}

bool has_all_of(const std::string& mountinfo, const std::string& other) {
  const auto ids = ids_of(mountinfo);
  return std::ranges::all_of(ids_of(other), [&](model::MountId id) { return ids.contains(id); });
}

}  // namespace

ContainerMounts::ContainerMounts(privilege::Privilege& privilege) : privilege_(privilege) {
  for (const std::int32_t pid : {1, static_cast<std::int32_t>(::getpid())}) {
    if (auto own = privilege_.read_process_file(pid, privilege::ProcessFile::mount_namespace))
      host_name_spaces_.insert(std::move(*own));
  }
}

void ContainerMounts::on_table(const std::vector<model::Mount>& table) {
  const auto changed = changed_groups(host_.table(), table);
  host_ = mount::HostMounts(table);
  for (auto& [key, view] : views_) {
    const bool may_see = std::ranges::any_of(
        changed, [&masters = view.masters](const std::string& group) { return masters.contains(group); });
    if (may_see) touch(key);
  }
}

void ContainerMounts::on_containers(const std::shared_ptr<const container::Snapshot>& snapshot) {
  known_.reset();
  std::erase_if(views_, [&](const auto& entry) {
    const model::Container* container = snapshot->find({entry.second.container});
    const bool is_over = container == nullptr || container->init.value == 0 ||
                         container->state == model::ContainerState::exited;
    if (is_over) gone_.push_back(entry.first);
    return is_over;
  });
  turns_.retain([this](const std::string& container) { return views_.contains(container); });
  for (const auto& [id, container] : snapshot->containers) {
    if (container->init.value == 0 || container->state == model::ContainerState::exited) continue;
    View& view = views_[id];
    if (view.init == container->init) continue;
    view = {.container = id, .process = container->init, .init = container->init, .due = Clock::time_point{}};
  }
}

void ContainerMounts::set_options(const mount::JudgeOptions& options) {
  options_ = options;
  for (auto& [key, view] : views_) touch(key);
}

void ContainerMounts::touch(const std::string& key, Clock::time_point when) {
  const auto found = views_.find(key);
  if (found == views_.end()) return;
  auto& due = found->second.due;
  due = due ? std::min(*due, when) : when;
}

// A container that mounts in a loop is read as often as that, and no more.
void ContainerMounts::look_soon(View& view, Clock::time_point now, Clock::duration pause) {
  const auto when = std::max(now, view.read_at + pause);
  view.due = view.due ? std::min(*view.due, when) : when;
}

void ContainerMounts::on_mounted(const std::vector<model::Pid>& mounters, Clock::time_point now) {
  bool is_known = !mounters.empty();
  for (const model::Pid mounter : mounters) {
    const auto name_space =
        privilege_.read_process_file(mounter.value, privilege::ProcessFile::mount_namespace);
    bool is_found = false;
    for (auto& [key, view] : views_) {
      if (!name_space || view.name_space != *name_space) continue;
      look_soon(view, now, told_pause);
      is_found = true;
    }
    is_known = is_known && is_found;
  }
  if (is_known) return;
  // It has ended since, or reached into the namespace from outside.
  for (auto& [key, view] : views_) {
    if (view.is_watched) look_soon(view, now, guessed_pause);
  }
}

void ContainerMounts::forget_watched() {
  for (auto& [key, view] : views_) view.is_watched = false;
}

void ContainerMounts::on_nested(const std::vector<NestedNamespace>& found, Clock::time_point now) {
  std::unordered_set<std::string> seen;
  for (const NestedNamespace& nested : found) seen.insert(key_of(nested));
  known_.reset();
  std::unordered_map<std::string, std::size_t> left_out;  // by container
  std::erase_if(views_, [&](const auto& entry) {
    const bool is_gone = entry.second.is_nested && !seen.contains(entry.first);
    if (is_gone) gone_.push_back(entry.first);
    return is_gone;
  });
  for (auto& [key, view] : views_) {
    if (!view.is_nested) view.nested = 0;
  }
  for (const auto& [key, view] : views_) {
    if (!view.is_nested) continue;
    const auto first = views_.find(view.container);
    if (first != views_.end()) ++first->second.nested;
  }
  for (const NestedNamespace& nested : found) {
    const auto known = views_.find(key_of(nested));
    if (known != views_.end()) {
      on_seen(known->second, nested, now);
    } else if (!add_nested(nested, now) && !is_of_first(nested)) {
      ++left_out[nested.container.value];
    }
  }
  for (auto& [key, view] : views_) {
    if (view.is_nested) continue;
    if (std::exchange(view.left_out, left_out[key]) != view.left_out) touch(key, now);
    if (view.nested > 0 && has_left(view)) look_soon(view, now, told_pause);
  }
}

bool ContainerMounts::add_nested(const NestedNamespace& nested, Clock::time_point now) {
  const auto known = views_.find(key_of(nested));
  if (known != views_.end()) {
    const auto before = known->second.due;
    on_seen(known->second, nested, now);
    return known->second.due != before;
  }
  const auto first = views_.find(nested.container.value);
  if (first == views_.end()) return false;
  if (first->second.name_space == nested.name_space) {
    // Who the first process is may have been told since.
    if (!first->second.is_jailed || nested.is_jailed) return false;
    adopt(first->second, nested.process, now);
    return true;
  }
  if (first->second.nested == most_nested) return false;
  ++first->second.nested;
  views_.emplace(
      key_of(nested),
      View{.container = nested.container.value, .process = nested.process, .is_nested = true, .due = now});
  return true;
}

// It is read by the first process, whoever else is jailed in it.
bool ContainerMounts::is_of_first(const NestedNamespace& nested) const {
  const auto first = views_.find(nested.container.value);
  return first != views_.end() && first->second.name_space == nested.name_space;
}

void ContainerMounts::on_seen(View& view, const NestedNamespace& nested, Clock::time_point now) {
  if (view.process == nested.process) return;
  if (!is_in(view.process, nested.name_space)) return adopt(view, nested.process, now);
  // Mostly both show the same. But the one that is known may have left for a namespace that has the same
  // number, which is the next one's as soon as it is free.
  view.is_doubted = true;
  view.other = nested.process;
  look_soon(view, now, doubted_pause);
}

// The one that showed it so far may have ended; the number of the namespace may be the next one's then.
void ContainerMounts::adopt(View& view, model::Pid process, Clock::time_point now) {
  view.process = process;
  view.other = {};
  view.is_doubted = true;
  look_soon(view, now, told_pause);
}

bool ContainerMounts::is_in(model::Pid process, const std::string& name_space) {
  const auto own = privilege_.read_process_file(process.value, privilege::ProcessFile::mount_namespace);
  return own && *own == name_space;
}

// Into a namespace that it made itself (unshare(2)), of which nothing is told yet.
bool ContainerMounts::has_left(const View& first) {
  return first.process == first.init && !first.name_space.empty() && !is_in(first.init, first.name_space);
}

// A table has what lies below the root of its process: one that has gone into a directory for good
// (chroot(2)) would hide what others mount elsewhere in the namespace.
void ContainerMounts::ask_other(View& view) {
  const model::Pid other = std::exchange(view.other, {});
  if (other.value == 0 || !is_in(other, view.name_space)) return;
  const auto theirs = privilege_.read_process_mounts(other.value);
  const auto known = privilege_.read_process_mounts(view.process.value);
  if (!theirs) return;
  // Of those that show the same the one that a look at all processes comes to first, or it would be asked
  // each time.
  const bool is_better =
      !known || is_another(view) ||
      (*known == *theirs ? other.value < view.process.value : !has_all_of(*known, *theirs));
  if (is_better) view.process = other;
}

void ContainerMounts::poll(Clock::time_point now) {
  for (auto& [key, view] : views_) {
    if (!view.is_watched) touch(key, now);
  }
}

std::vector<ContainerMounts::Reading> ContainerMounts::read_due(Clock::time_point now, std::size_t most) {
  std::vector<Reading> readings;
  has_polled_ = false;
  for (Entry* entry : take_turns(now, most)) {
    if (auto reading = read(entry->first, entry->second, now)) readings.push_back(std::move(*reading));
    has_polled_ = has_polled_ || !entry->second.is_watched;
  }
  return readings;
}

std::vector<ContainerMounts::Entry*> ContainerMounts::take_turns(Clock::time_point now, std::size_t most) {
  std::vector<Entry*> due;
  std::vector<FairTurns::Waiting> waiting;
  for (Entry& entry : views_) {
    View& view = entry.second;
    if (!view.due || *view.due > now) continue;
    // Since ever is since now.
    if (!view.waits_since) view.waits_since = *view.due == Clock::time_point{} ? now : *view.due;
    due.push_back(&entry);
    waiting.push_back({view.container, *view.waits_since});
  }
  std::vector<Entry*> next;
  for (const std::size_t place : turns_.take(waiting, most))
    next.push_back(std::exchange(due[place], nullptr));
  for (Entry* left : due) {
    if (left != nullptr) tell_overdue(left->second, now);
  }
  return next;
}

void ContainerMounts::tell_overdue(View& view, Clock::time_point now) {
  if (now - std::max(*view.waits_since, view.told_at) < longest_wait) return;
  view.told_at = now;
  overdue_.insert(view.container);
}

// Before its mounts are read, so that nothing falls between. A first process enters its namespace some
// milliseconds after it has begun.
void ContainerMounts::watch(View& view) {
  const auto name_space =
      privilege_.read_process_file(view.process.value, privilege::ProcessFile::mount_namespace);
  if (!name_space) return;
  const bool is_doubted = std::exchange(view.is_doubted, false);
  const bool is_known = *name_space == view.name_space && !is_doubted;
  // Still the host's: not entered yet.
  if (is_known || host_name_spaces_.contains(*name_space)) return;
  view.name_space = *name_space;
  known_.reset();
  view.is_watched = watch_namespace_ && watch_namespace_(view.process);
}

// What is the root of another namespace's processes is judged by that of the first one.
std::optional<std::vector<mount::JudgedMount>> ContainerMounts::judge(View& view,
                                                                      const std::vector<model::Mount>& table,
                                                                      Clock::time_point now) {
  if (view.is_nested) {
    const auto first = views_.find(view.container);
    return mount::judge_nested_mounts(table, host_, first == views_.end() ? std::nullopt : first->second.root,
                                      options_);
  }
  auto judged = mount::judge_mounts(table, host_, options_);
  const model::Mount* root = judged ? mount::find_root(table) : nullptr;
  if (root != nullptr && std::exchange(view.root, root->device) != root->device) {
    for (auto& [key, other] : views_) {
      if (other.is_nested && other.container == view.container) look_soon(other, now, told_pause);
    }
  }
  return judged;
}

// It is left out of what is judged, or refused, for whoever keeps the overlays that are roots.
void ContainerMounts::tell_root(const View& view, const std::vector<model::Mount>& table,
                                Clock::time_point now) const {
  const auto first = views_.find(view.container);
  const bool is_of_init = first != views_.end() && view.process == first->second.init;
  const model::Mount* root = is_of_init ? mount::find_root(table) : nullptr;
  if (root != nullptr && root->file_system == "overlay" && on_root_)
    on_root_(view.container, root->device, now);
}

std::optional<ContainerMounts::Reading> ContainerMounts::read(const std::string& key, View& view,
                                                              Clock::time_point now) {
  view.due.reset();
  view.waits_since.reset();
  view.read_at = now;
  ask_other(view);
  if (!view.is_nested && view.process != view.init && !is_in(view.process, view.name_space))
    view.process = view.init;
  if (is_another(view)) return std::nullopt;
  watch(view);
  const auto text = privilege_.read_process_mounts(view.process.value);
  if (!text) return std::nullopt;
  const auto table = mount::parse_mountinfo(*text);
  // Between its roots a first process has the mounts of the host, which are not the container's. One that
  // keeps both has put the host's there itself.
  const auto pause = pivot_pause(view.attempts + 1);
  const bool may_have_host = mount::has_host_root(table, host_) && pause;
  auto judged = may_have_host ? std::nullopt : judge(view, table, now);
  if (!judged) {
    // One that stays there is a container of the host's root, and shows no mounts of its own.
    if (pause) {
      view.due = now + *pause;
      ++view.attempts;
    }
    return std::nullopt;
  }
  tell_root(view, table, now);
  if (text->size() == privilege::Privilege::max_mounts_bytes) {
    judged->push_back({.mount = {},
                       .reason = "its mounts are too many to read: what is behind the first 512 KiB of its "
                                 "mountinfo is not watched"});
  }
  if (view.left_out != 0) {
    judged->push_back({.mount = {},
                       .reason = std::to_string(view.left_out) +
                                 " more mount namespaces of its processes, which are not looked into"});
  }
  view.attempts = 0;
  view.masters.clear();
  for (const model::Mount& mount : table) {
    for (const std::string& tag : mount.tags) {
      if (tag.starts_with(master_tag)) view.masters.insert(tag.substr(master_tag.size()));
      // Also one that is a peer of the host's own: `rshared`.
      if (tag.starts_with(shared_tag)) view.masters.insert(tag.substr(shared_tag.size()));
    }
  }
  return Reading{.key = key,
                 .container = view.container,
                 .process = view.process,
                 .is_nested = view.is_nested,
                 .is_polled = !view.is_watched,
                 .mounts = std::move(*judged)};
}

// The process may have ended since it was told of, and its number be that of a process of another container,
// whose mounts would then be taken for this one's. Where the user named the cgroup, only its start tells.
bool ContainerMounts::is_another(View& view) {
  const auto facts = privilege_.read_process_files(
      view.process.value,
      {privilege::ProcessFile::cgroup, privilege::ProcessFile::stat, privilege::ProcessFile::root});
  set_jailed(view, facts[2].value_or("/") != "/");
  if (container::is_of_another(facts[0].value_or(""), view.container)) return true;
  const auto start_time = sys::parse_start_time(facts[1].value_or(""));
  // Of another namespace whoever is in it may be asked.
  if (view.process != view.init || !start_time) return false;
  if (!view.start_time) view.start_time = start_time;
  return view.start_time != start_time;
}

void ContainerMounts::set_jailed(View& view, bool is_jailed) {
  if (std::exchange(view.is_jailed, is_jailed) != is_jailed) known_.reset();
}

const std::unordered_set<std::string>& ContainerMounts::name_spaces() const {
  if (known_) return *known_;
  known_ = host_name_spaces_;
  for (const auto& [key, view] : views_) {
    if (!view.is_nested && !view.is_jailed && !view.name_space.empty()) known_->insert(view.name_space);
  }
  return *known_;
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
  mount.init = reading.process;
  mount.is_nested = reading.is_nested;
  mount.container = {reading.container};
  mount.problem = util::escape(judged.reason, longest_reason);
  return mount;
}

std::optional<ContainerMounts::Clock::time_point> ContainerMounts::next_due() const {
  if (!gone_.empty()) return Clock::time_point{};
  std::optional<Clock::time_point> next;
  for (const auto& [key, view] : views_) {
    if (view.due) next = next ? std::min(*next, *view.due) : *view.due;
  }
  return next;
}

}  // namespace dropwarden::monitor
