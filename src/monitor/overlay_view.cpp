// SPDX-License-Identifier: Apache-2.0
#include "overlay_view.hpp"

#include <algorithm>
#include <ranges>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/mount/table.hpp"

#include "process_root.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// A first process is on the host's root until it has pivoted, mostly some 10 ms later. Nothing need change
// then that anybody tells of: no runtime, and no mount of the host. What is still there after two minutes is
// a container of the host's root, or of one that is no overlay, and looked at when a runtime tells more of
// it.
constexpr auto first_pause = 2ms;
constexpr auto brisk_pause = 20ms;
constexpr int brisk_looks = 100;
constexpr int most_looks = brisk_looks + 11;
// Each is a question to the marker, and up to 512 KiB to parse, on the loop: what looks like a container any
// user can make, thousands at once. The others have the next turn.
constexpr std::size_t looks_in_a_row = 8;
// On a busy machine a runtime takes seconds to pivot, and who waits to be told of waits as long as that.
constexpr auto hurry_pause = 200ms;
// Of asking whose root the overlays are that no runtime told of.
constexpr auto longest_asking = 200ms;

std::optional<OverlayView::Clock::duration> pause_after(int looks) {
  if (looks > most_looks) return std::nullopt;
  if (looks > brisk_looks) return brisk_pause * (1 << (looks - brisk_looks));
  return std::min<OverlayView::Clock::duration>(first_pause * looks, brisk_pause);
}

// Of layers that could not be looked at: more than a minute in the end, since each look may be a wait in
// vain.
OverlayView::Clock::duration pause_of_doubt(int doubts) {
  constexpr int longest_shift = 12;
  return brisk_pause * (1 << std::min(doubts - 1, longest_shift));
}
// Five seconds later there is something wrong that somebody has to hear of.
constexpr int most_patience = 8;

// The host itself, or the container that dropwarden runs in, may live on an overlay.
bool is_root_of_host(const model::Mount& mount) {
  return mount.mount_point == "/";
}

// By a runtime, in words or by the place where it mounted it. Where a process has its root it may have chosen
// itself.
bool is_told(const OverlayView::Owners& owners, const model::Device& device) {
  const auto owner = owners.find(device);
  return owner != owners.end() && owner->second.evidence != container::Evidence::init_root;
}

std::string text_of(const char* reason) {
  return reason == nullptr ? std::string() : std::string(reason);
}

// Overlayfs does not refuse it, and the files of one would pass for the other's.
constexpr const char* shared_upper = "its upper directory is another container's";

}  // namespace

OverlayView::HostOverlay OverlayView::look_at(const model::Mount& mount) const {
  HostOverlay overlay{.mount = mount};
  judge(overlay, {});
  return overlay;
}

void OverlayView::judge(HostOverlay& overlay, Clock::time_point now) const {
  auto layers = mount::parse_overlay_layers(overlay.mount).value_or(model::OverlayLayers{});
  const auto verdict = judge_.judge(layers);
  overlay.upperdir = std::move(layers.upperdir);
  overlay.reason = text_of(verdict.reason);
  overlay.upper = verdict.upper;
  overlay.due.reset();
  if (!verdict.is_final) overlay.due = now + pause_of_doubt(++overlay.doubts);
}

void OverlayView::on_table(const std::vector<model::Mount>& table) {
  std::unordered_map<model::MountId, HostOverlay*> known;
  for (HostOverlay& overlay : host_overlays_) known.emplace(overlay.mount.id, &overlay);
  std::vector<HostOverlay> overlays;
  host_root_.reset();
  judge_.on_table(table);
  for (const model::Mount& mount : table) {
    if (is_root_of_host(mount)) host_root_ = mount.device;
    if (mount.file_system != "overlay" || is_root_of_host(mount)) continue;
    if (mount::classify_overlay(mount) != mount::OverlayUse::container) continue;
    // Looked at once: what the table said of the mount before holds as long as the mount does.
    const auto before = known.find(mount.id);
    const bool is_same = before != known.end() && before->second->mount == mount;
    if (is_same) before->second->mount.super_options = mount.super_options;  // as whoever else has this table
    overlays.push_back(is_same ? std::move(*before->second) : look_at(mount));
    if (before != known.end()) known.erase(before);
  }
  std::erase_if(overlays, [&](const HostOverlay& overlay) { return overlay.mount.device == host_root_; });
  host_overlays_ = std::move(overlays);
  shown_by_host_.clear();
  for (const HostOverlay& overlay : host_overlays_) shown_by_host_.insert(overlay.mount.device);
}

void OverlayView::on_containers(std::shared_ptr<const container::Snapshot> snapshot, Clock::time_point now) {
  snapshot_ = std::move(snapshot);
  std::erase_if(roots_, [&](const auto& entry) { return snapshot_->find({entry.first}) == nullptr; });
  for (const auto& [id, container] : snapshot_->containers) {
    if (container->init.value == 0 || container->state == model::ContainerState::exited) {
      roots_.erase(id);
      continue;
    }
    Root& root = roots_[id];
    if (root.init != container->init) root = {.init = container->init};
    const bool is_news = std::exchange(root.told, container) != container;
    if (is_news && !root.mount) root.due = root.due ? std::min(*root.due, now) : now;
  }
}

void OverlayView::on_root(const std::string& container, const model::Device& device, Clock::time_point now) {
  const auto known = roots_.find(container);
  if (known == roots_.end() || device == host_root_) return;
  Root& root = known->second;
  if (root.mount && root.mount->device == device) return;
  root.due = root.due ? std::min(*root.due, now) : now;
}

void OverlayView::look_at(const std::string& id, Root& root, Clock::time_point now) {
  auto seen = read_root_mount(privilege_, root.init);
  root.due.reset();
  // A runtime's first process is still on the host's root until it has pivoted.
  const bool is_own = seen && seen->file_system == "overlay" && seen->device != host_root_;
  if (!is_own) {
    root.lose();
    if (const auto pause = pause_after(++root.looks)) root.due = now + *pause;
    return;
  }
  const bool is_another = seen != root.mount;
  if (is_another) root.enter(std::move(*seen));
  if (!is_another && root.doubts == 0) return;
  const auto is_of_others = is_of_other_users(root.init);
  root.is_of_other_users = is_of_others.value_or(true);
  if (!root.is_its_own) root.is_its_own = is_its_own(id, root.init);
  // What is proven stays so, whatever else is in doubt.
  const bool is_judged = is_shown_by_host(root.mount->device) || root.is_proven || judge_hidden(root);
  root.doubts = is_of_others && root.is_its_own && is_judged ? 0 : root.doubts + 1;
  if (root.doubts > 0) root.due = now + pause_of_doubt(root.doubts);
}

void OverlayView::Root::enter(model::Mount root) {
  lose();
  has_moved = has_moved || (last && *last != root.device);
  last = root.device;
  mount = std::move(root);
  doubts = 0;
  is_its_own.reset();
}

void OverlayView::Root::lose() {
  mount.reset();
  reason.clear();
  upper.reset();
  is_proven = false;
}

// A runtime may tell the process of another container. Nothing where it cannot be read.
std::optional<bool> OverlayView::is_its_own(const std::string& id, model::Pid init) const {
  const auto cgroup = privilege_.read_process_file(init.value, privilege::ProcessFile::cgroup);
  if (!cgroup) return std::nullopt;
  return !container::is_of_another(*cgroup, id);
}

std::optional<bool> OverlayView::is_of_other_users(model::Pid init) {
  const auto users_of = [this](std::int32_t pid) {
    return privilege_.read_process_file(pid, privilege::ProcessFile::user_namespace);
  };
  if (!own_users_) {
    if (auto own = users_of(::getpid())) own_users_ = std::move(*own);
  }
  const auto users = users_of(init.value);
  if (!users || !own_users_) return std::nullopt;
  return *users != *own_users_;
}

bool OverlayView::judge_hidden(Root& root) const {
  // Where the host is out of reach, so are the layers of all containers.
  if (privilege_.host_mounts_problem()) return true;
  auto layers = mount::parse_overlay_layers(*root.mount).value_or(model::OverlayLayers{});
  // Nothing rests on the lower ones where no execution is told of (mount::check_hidden_overlay).
  if (root.is_of_other_users) layers.lowerdirs.clear();
  const auto verdict = judge_.judge_hidden(layers);
  root.reason = text_of(verdict.reason);
  root.upper = verdict.upper;
  return verdict.is_final;
}

OverlayView::Claims OverlayView::claims() const {
  Claims claims;
  for (const HostOverlay& overlay : host_overlays_) {
    if (overlay.upper) claims.of_host.insert(*overlay.upper);
  }
  for (const auto& [id, root] : roots_) {
    if (root.mount && root.upper && root.is_proven && root.reason.empty())
      claims.of_roots[*root.upper].insert(root.mount->device);
  }
  return claims;
}

// What the host mounts may come later, and is the one that is believed. Of roots it is the one that was
// proven first: of two that pass for one another, the one that came later may have waited for it. Asked each
// time, since who was believed may be found out, or gone.
std::string OverlayView::why_foreign(const Root& root, const Claims& claims) {
  if (!root.reason.empty() || !root.upper) return root.reason;
  if (claims.of_host.contains(*root.upper)) return shared_upper;
  const auto known = claims.of_roots.find(*root.upper);
  if (root.is_proven || known == claims.of_roots.end()) return {};
  // Not by another process on the same overlay.
  const bool is_of_another = known->second.size() > 1 || !known->second.contains(root.mount->device);
  return is_of_another ? shared_upper : std::string();
}

bool OverlayView::look_again(Clock::time_point now) {
  const auto begin = Clock::now();
  std::vector<std::pair<const std::string, Root>*> due;
  for (auto& entry : roots_) {
    if (entry.second.due && *entry.second.due <= now) due.push_back(&entry);
  }
  const std::size_t count = std::min(due.size(), looks_in_a_row);
  const auto is_earlier = [](const auto* one, const auto* other) {
    return std::tie(one->second.due, one->second.looks) < std::tie(other->second.due, other->second.looks);
  };
  std::ranges::partial_sort(due, due.begin() + static_cast<std::ptrdiff_t>(count), is_earlier);
  bool is_news = false;
  for (auto* entry : due | std::views::take(count)) {
    look_at(entry->first, entry->second, now);
    is_news = is_news || entry->second.mount;
  }
  std::size_t judged = 0;
  for (HostOverlay& overlay : host_overlays_) {
    if (!overlay.due || *overlay.due > now || judged == looks_in_a_row) continue;
    judge(overlay, now);
    is_news = is_news || !overlay.due;
    ++judged;
  }
  // The loop has other work: half of its time at most.
  const bool has_more = count < due.size() || judged == looks_in_a_row;
  rested_ = has_more ? now + 2 * (Clock::now() - begin) : now;
  return is_news;
}

bool OverlayView::hurry(Clock::time_point now) {
  const auto when = std::max(now, hurried_ + hurry_pause);
  bool is_any = false;
  for (auto& [id, root] : roots_) {
    if (!root.due || root.mount || *root.due <= when) continue;
    root.due = when;
    --root.looks;
    is_any = true;
  }
  if (is_any) hurried_ = when;
  return is_any;
}

bool OverlayView::has_due(Clock::time_point now) const {
  const auto is_due = [&](const auto& due) { return due && *due <= now; };
  return std::ranges::any_of(roots_, [&](const auto& entry) { return is_due(entry.second.due); }) ||
         std::ranges::any_of(host_overlays_, is_due, &HostOverlay::due);
}

std::optional<OverlayView::Clock::time_point> OverlayView::next_look() const {
  std::optional<Clock::time_point> next;
  for (const auto& [id, root] : roots_) {
    if (root.due) next = next ? std::min(*next, *root.due) : root.due;
  }
  for (const HostOverlay& overlay : host_overlays_) {
    if (overlay.due) next = next ? std::min(*next, *overlay.due) : overlay.due;
  }
  return next ? std::optional(std::max(*next, rested_)) : std::nullopt;
}

void OverlayView::forget(model::Pid init) {
  std::erase_if(roots_, [&](const auto& entry) { return entry.second.init == init; });
}

std::string OverlayView::container_of(model::Pid init) const {
  const auto found =
      std::ranges::find_if(roots_, [&](const auto& entry) { return entry.second.init == init; });
  return found == roots_.end() ? std::string() : found->first;
}

std::unordered_map<model::Device, watch::Target> OverlayView::targets(const Owners& owners) const {
  std::unordered_map<model::Device, watch::Target> targets;
  for (const HostOverlay& overlay : host_overlays_) {
    const model::Mount& mount = overlay.mount;
    if (!overlay.reason.empty() && !is_told(owners, mount.device)) continue;
    targets.try_emplace(mount.device,
                        watch::Target{.device = mount.device, .mount_point = mount.mount_point, .init = {}});
  }
  std::unordered_map<std::string, std::vector<model::Device>> told;
  for (const auto& [device, owner] : owners) {
    if (is_told(owners, device)) told[owner.id.value].push_back(device);
  }
  const Claims known = claims();
  for (const auto& [id, root] : roots_) {
    if (!root.mount) continue;
    const model::Device& device = root.mount->device;
    const bool is_foreign =
        is_shown_by_host(device) ? !targets.contains(device) : !why_foreign(root, known).empty();
    if (is_foreign && !is_told(owners, device)) continue;
    watch::Target& target =
        targets.try_emplace(device, watch::Target{.device = device, .mount_point = {}, .init = {}})
            .first->second;
    target.init = root.init;
    target.is_of_other_users = target.mount_point.empty() && root.is_of_other_users;
    // It may have gone there before it was looked at.
    const bool has_another =
        std::ranges::any_of(told[id], [&](const model::Device& other) { return other != device; });
    target.is_of_its_making = target.mount_point.empty() && (root.has_moved || has_another);
  }
  return targets;
}

std::vector<OverlayView::Foreign> OverlayView::foreign(const Owners& owners) const {
  std::vector<Foreign> foreign;
  for (const HostOverlay& overlay : host_overlays_) {
    if (!overlay.reason.empty() && !is_told(owners, overlay.mount.device))
      foreign.push_back({.mount = &overlay.mount, .reason = overlay.reason, .container = {}, .init = {}});
  }
  const Claims known = claims();
  for (const auto& [id, root] : roots_) {
    if (!root.mount || is_shown_by_host(root.mount->device) || is_told(owners, root.mount->device)) continue;
    if (auto reason = why_foreign(root, known); !reason.empty())
      foreign.push_back({.mount = &*root.mount,
                         .reason = std::move(reason),
                         .container = id,
                         .init = root.init,
                         .may_change = root.doubts > 0 && root.doubts < most_patience});
  }
  return foreign;
}

void OverlayView::refuse(model::Pid init, std::string reason) {
  for (auto& [id, root] : roots_) {
    if (root.init != init) continue;
    root.reason = reason;
    root.doubts = 0;
  }
}

bool OverlayView::prove(model::Pid init, const model::Mount& mount, std::optional<model::Directory> upper,
                        Clock::time_point now) {
  const auto found = std::ranges::find_if(
      roots_, [&](const auto& entry) { return entry.second.init == init && entry.second.mount == mount; });
  if (found == roots_.end()) return false;
  Root& root = found->second;
  // The device number is the next overlay's at once.
  if (read_root_mount(privilege_, init) != root.mount) {
    root.lose();
    root.due = now + brisk_pause;
    return false;
  }
  root.is_proven = true;
  // A directory on the way there may be a user's: what was seen at that path before may be another.
  root.upper = upper;
  return why_foreign(root, claims()).empty();
}

bool OverlayView::is_wanted(const watch::Target& target, const Owners& owners) const {
  if (!target.mount_point.empty() || is_told(owners, target.device)) return true;
  const Root* const root = root_of(target);
  return root != nullptr && why_foreign(*root, claims()).empty();
}

const model::Mount* OverlayView::mount_of(const watch::Target& target) const {
  for (const HostOverlay& overlay : host_overlays_) {
    if (overlay.mount.device == target.device) return &overlay.mount;
  }
  const Root* const root = root_of(target);
  return root == nullptr ? nullptr : &*root->mount;
}

// Another process may be on the same overlay by another mount.
const OverlayView::Root* OverlayView::root_of(const watch::Target& target) const {
  const auto found = std::ranges::find_if(roots_, [&](const auto& entry) {
    const Root& root = entry.second;
    return root.init == target.init && root.mount && root.mount->device == target.device;
  });
  return found == roots_.end() ? nullptr : &found->second;
}

std::vector<const model::Mount*> OverlayView::roots() const {
  std::vector<const model::Mount*> roots;
  for (const auto& [id, root] : roots_) {
    if (root.mount) roots.push_back(&*root.mount);
  }
  return roots;
}

// Asked again each time: the process may have ended since its container was last told of, its number may be
// another's, and the device number of its overlay the next container's.
std::optional<model::Device> OverlayView::read_root_device(const std::string& id, model::Pid init) const {
  if (!is_its_own(id, init).value_or(false)) return std::nullopt;
  const auto root = read_root_mount(privilege_, init);
  if (!root || root->file_system != "overlay" || root->device == host_root_) return std::nullopt;
  return root->device;
}

std::optional<model::Device> OverlayView::seen_root(const model::Container& container) const {
  const auto known = roots_.find(container.id.value);
  if (known == roots_.end()) return std::nullopt;
  const Root& root = known->second;
  if (root.init != container.init || !root.mount || !root.is_its_own.value_or(false)) return std::nullopt;
  return root.mount->device;
}

bool OverlayView::was_seen_on(const model::ContainerId& container, const model::Device& device) const {
  const auto* known = snapshot_->find(container);
  return known != nullptr && seen_root(*known) == device;
}

OverlayView::Owners OverlayView::told_owners() const {
  const auto seen = [this](const model::Container& container) { return seen_root(container); };
  return container::find_overlay_owners(clues(), *snapshot_, {.seen = seen, .now = seen});
}

// Who cannot be asked any more this time has what it answered last: an overlay that nobody owned for that
// long would be taken for one that a container has mounted itself, and given up.
OverlayView::Owners OverlayView::owners() {
  // Those that are left over are asked first the next time, before all are asked again.
  if (!std::exchange(has_more_to_ask_, false)) ++round_;
  const auto deadline = Clock::now() + longest_asking;
  const auto seen = [this](const model::Container& container) { return seen_root(container); };
  const auto now = [&](const model::Container& container) -> std::optional<model::Device> {
    const auto known = roots_.find(container.id.value);
    if (known == roots_.end() || !known->second.mount) return std::nullopt;
    Root& root = known->second;
    if (root.round == round_) return root.owned;
    has_more_to_ask_ = has_more_to_ask_ || Clock::now() >= deadline;
    if (has_more_to_ask_) return root.owned;
    root.round = round_;
    return root.owned = read_root_device(known->first, root.init);
  };
  return container::find_overlay_owners(clues(), *snapshot_, {.seen = seen, .now = now});
}

OverlayView::Owners OverlayView::look_for_owners(Clock::time_point now) {
  while (has_due(now)) look_again(now);
  Owners all = owners();
  while (has_more_to_ask_) all = owners();
  return all;
}

std::vector<container::OverlayClue> OverlayView::clues() const {
  std::vector<container::OverlayClue> clues;
  for (const HostOverlay& overlay : host_overlays_) {
    clues.push_back({.device = overlay.mount.device,
                     .upperdir = overlay.upperdir,
                     .carried = mount::container_id_of(overlay.mount).value_or(model::ContainerId{})});
  }
  for (const model::Mount* root : roots()) {
    clues.push_back({.device = root->device, .upperdir = {}, .carried = {}});
  }
  return clues;
}

}  // namespace dropwarden::monitor
