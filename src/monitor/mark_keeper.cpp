// SPDX-License-Identifier: Apache-2.0
#include "mark_keeper.hpp"

#include <algorithm>
#include <cerrno>
#include <linux/magic.h>
#include <unordered_set>
#include <utility>

#include <spdlog/spdlog.h>

#include "dropwarden/monitor/advice.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/privilege/places.hpp"
#include "dropwarden/sys/clock.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/watch/features.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// An event that is still queued, or that a process writes through a detached mount, belongs to an overlay
// that the table has lost.
constexpr auto keep_retired = 60s;
// What was there before us is to be marked when we are ready; a crowd must not hold the loop for it.
constexpr auto longest_looking = 2s;
// Between two times that first processes are asked what they own, where they are too many for one.
constexpr auto asking_pause = 1s;
// Between an overlay's mount and its container's first process there are 50 to 350 ms on a quiet machine.
constexpr auto longest_start = 3s;
constexpr std::size_t longest_reason = 1024;
// A runtime mounts some overlays for less than a millisecond, and on a busy machine the table that shows one
// is old. What cannot be marked for 140 ms is a container that we do not see.
constexpr int failures_to_tell = 4;
// Roots of one container that its first process has left: it can go from one to the next without end.
constexpr std::size_t most_left = 16;

std::string place_of(const watch::Target& target) {
  return target.mount_point.empty() ? "/proc/" + std::to_string(target.init.value) + "/root"
                                    : util::escape(target.mount_point, 1024);
}

}  // namespace

void MarkKeeper::on_table(const std::vector<model::Mount>& table) {
  view_.on_table(table);
  volumes_.on_table(table);
  apply();
}

void MarkKeeper::on_containers(std::shared_ptr<const container::Snapshot> snapshot) {
  const auto now = Clock::now();
  volumes_.on_containers(snapshot);
  view_.on_containers(std::move(snapshot), now);
  const auto has_more = [&] {
    return !is_ready_ && view_.has_due(now) && Clock::now() - now < longest_looking;
  };
  do view_.look_again(now);
  while (has_more());
  apply();
}

void MarkKeeper::mark_again() {
  for (auto& [device, failing] : failing_) failing.due = {};
  apply();
}

void MarkKeeper::retry() {
  const auto now = Clock::now();
  const bool has_new_root = view_.look_again(now);
  const bool is_due = next_retry_ && *next_retry_ <= now;
  if (is_due) next_retry_.reset();
  if (is_due || has_new_root) apply_overlays(now);
  volumes_.apply(Clock::now());
  mounts_.expire(now - keep_retired);
}

std::optional<MarkKeeper::Clock::time_point> MarkKeeper::next_retry() const {
  std::optional<Clock::time_point> next = next_retry_;
  for (const auto& other : {volumes_.next(), view_.next_look()}) {
    if (other) next = next ? std::min(*next, *other) : other;
  }
  return next;
}

std::size_t MarkKeeper::marks() const {
  const watch::Marks marks = read_marked();
  return marks.file_systems.size() + marks.mounts.size();
}

bool MarkKeeper::has_unidentified() const {
  return std::ranges::any_of(mounts_.current(),
                             [](const WatchedMount& m) { return m.container.value.empty(); });
}

bool MarkKeeper::hurry() {
  return view_.hurry(Clock::now());
}

bool MarkKeeper::awaits_process(Clock::time_point now) {
  std::erase_if(young_, [&](const Young& young) {
    const WatchedMount* overlay = mounts_.find(young.device);
    const bool is_gone = overlay == nullptr || overlay->serial != young.serial;
    return is_gone || now - young.since > longest_start || view_.has_process(overlay->container);
  });
  return !young_.empty();
}

void MarkKeeper::apply() {
  const auto now = Clock::now();
  // First what all containers have.
  apply_overlays(now);
  volumes_.apply(Clock::now());
  mounts_.expire(now - keep_retired);
}

void MarkKeeper::apply_overlays(Clock::time_point now) {
  const auto owners = view_.owners();
  if (view_.has_more_to_ask()) retry_at(now + asking_pause);
  const auto wanted = view_.targets(owners);

  // What is really marked now, not only what we remember: a mark goes with its superblock without a word, and
  // the next mount may carry the same device number and mount ID at once.
  std::vector<model::Device> marked = read_marked().file_systems;
  // The mark of a file system that was away from the table is still there; who it was is forgotten.
  // One that was set, and then found to be on another overlay than was seen, counts for nothing.
  std::erase_if(marked, [this](const model::Device& device) {
    const WatchedMount* const known = mounts_.find(device);
    return known == nullptr || !known->is_marked();
  });
  // Those are marked for less, and by now it is known that they need not be.
  std::unordered_set<model::Device> narrow;
  std::vector<watch::Target> targets;
  for (const auto& [device, target] : wanted) {
    targets.push_back(target);
    const WatchedMount* known = mounts_.find(device);
    if (known != nullptr && known->is_of_other_users && !target.is_of_other_users) narrow.insert(device);
  }
  for (const model::Device& device : find_gone(wanted, marked)) mounts_.retire(device, now);
  for (const WatchedMount& overlay : mounts_.current()) {
    if (!overlay.is_overlay() || !overlay.mount_point.empty()) continue;
    // The process that has shown it may be elsewhere.
    const auto target = wanted.find(overlay.device);
    mounts_.find(overlay.device)->init = target != wanted.end() ? target->second.init : model::Pid{};
  }
  std::erase_if(narrow, [&](const model::Device& device) { return std::erase(marked, device) == 0; });
  const watch::Plan plan = watch::plan_marks(targets, marked);
  std::erase_if(failing_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  for (const watch::Target& target : plan.to_mark) {
    const model::Mount* mount = view_.mount_of(target);
    const bool is_due = mount != nullptr && !has_to_wait(target, *mount, now);
    // One of those before may have been proven to have its upper directory.
    if (!is_due || !view_.is_wanted(target, owners)) continue;
    if (narrow.contains(target.device)) {
      widen(target, model::Mount(*mount));
    } else {
      mark(target, model::Mount(*mount));
    }
  }
  identify_containers(owners);
  tell_foreign(owners);
}

// A first process that goes to another root leaves others behind, and nothing else shows the overlay that
// they are on: so it is kept as long as it is marked.
std::vector<model::Device> MarkKeeper::find_gone(const Targets& wanted,
                                                 const std::vector<model::Device>& marked) {
  std::unordered_set<model::Device> may_be_left(marked.begin(), marked.end());
  for (const model::Mount* root : view_.roots()) may_be_left.erase(root->device);
  std::vector<model::Device> gone;
  std::unordered_map<std::string, std::vector<model::Device>> left;  // by container, the oldest first
  for (const WatchedMount& overlay : mounts_.current()) {
    if (!overlay.is_overlay() || wanted.contains(overlay.device)) continue;
    const bool is_left = overlay.mount_point.empty() && overlay.is_marked() &&
                         view_.has_process(overlay.container) && may_be_left.contains(overlay.device);
    (is_left ? left[overlay.container.value] : gone).push_back(overlay.device);
  }
  for (const auto& [container, devices] : left) {
    if (devices.size() <= most_left) continue;
    gone.insert(gone.end(), devices.begin(), devices.end() - most_left);
    if (std::exchange(told_[container].has_left, true)) continue;
    spdlog::warn(
        "container {} has left more roots than are kept: what is still written to the oldest is not seen",
        util::escape(container, longest_reason));
  }
  return gone;
}

watch::Marks MarkKeeper::read_marked() const {
  auto marked = read_marks_(group_);
  if (marked) return std::move(*marked);
  spdlog::warn("cannot read what is marked: {}; all is marked again", marked.error().text());
  return {};
}

sys::Result<privilege::RootIdentity> MarkKeeper::set_mark(const watch::Target& target,
                                                          const model::Mount& mount, std::uint64_t mask) {
  const bool is_on_host = !target.mount_point.empty();
  const privilege::RootPath path = is_on_host
                                       ? privilege::RootPath{privilege::MountPoint{target.mount_point}}
                                       : privilege::RootPath{privilege::ProcessRoot{target.init.value}};
  auto identity = privilege_.mark_file_system(group_, path, mask, OVERLAYFS_SUPER_MAGIC);
  if (!identity) return identity;
  // Something else was mounted there meanwhile. The mark on it is one too many and harmless; ours is still
  // missing.
  const bool is_another =
      model::Device{identity->device_major, identity->device_minor} != target.device ||
      (!is_on_host && !view_.prove(target.init, mount, upper_of(*identity), Clock::now()));
  if (is_another) return std::unexpected(sys::Error{"fanotify_mark", target.mount_point, ESTALE});
  failing_.erase(target.device);
  return identity;
}

bool MarkKeeper::is_given_up(const watch::Target& target, const sys::Error& error) {
  // The process is over, and its container with it: there is nothing left to watch.
  const bool is_over = target.mount_point.empty() && (error.number == ENOENT || error.number == ESRCH);
  const bool is_foreign = privilege::is_foreign(error);
  if (is_over) view_.forget(target.init);
  if (is_foreign) view_.refuse(target.init, error.object);
  return is_over || is_foreign;
}

// What is watched already stays so, whatever comes of it.
void MarkKeeper::widen(const watch::Target& target, const model::Mount& mount) {
  if (const auto identity = set_mark(target, mount, mask_); !identity) {
    if (!is_given_up(target, identity.error())) put_off(target, mount, identity.error());
    return;
  }
  WatchedMount& overlay = *mounts_.find(target.device);
  overlay.is_of_other_users = false;
  overlay.problem.clear();
  naming_[overlay.serial].is_disputed = false;
}

void MarkKeeper::mark(const watch::Target& target, const model::Mount& mount) {
  const bool is_on_host = !target.mount_point.empty();
  // An event opens the file, and of an execution that may be one of a lower layer.
  const std::uint64_t mask = target.is_of_other_users ? mask_ & ~watch::exec_mask() : mask_;
  const util::WallTime since = sys::read_file_time();
  const auto identity = set_mark(target, mount, mask);
  if (!identity) {
    if (!is_given_up(target, identity.error())) fail(target, mount, identity.error());
    return;
  }
  WatchedMount marked;
  marked.device = target.device;
  marked.file_system = {identity->file_system_id};
  marked.mount_point = target.mount_point;
  marked.layers = mount::parse_overlay_layers(mount).value_or(model::OverlayLayers{});
  if (!is_on_host) marked.layers.upper = upper_of(*identity).value_or(model::Directory{});
  marked.init = target.init;
  marked.coverage = mount::Coverage::file_system;
  marked.is_of_other_users = target.is_of_other_users;
  marked.is_of_its_making = target.is_of_its_making;
  if (mask != mask_)
    marked.problem = "what is executed is not watched: another user namespace has mounted it";
  marked.is_late = is_ready_ && !is_on_host;
  WatchedMount& overlay = mounts_.add(std::move(marked), Clock::now());
  mounts_.set_marked(overlay, since);
  mounts_.learn_mount({identity->mount_id}, target.device);
  if (is_ready_ && is_on_host) young_.push_back({target.device, overlay.serial, Clock::now()});
  spdlog::debug("marked overlay {}:{} at {}", target.device.major, target.device.minor, place_of(target));
  if (overlay.is_late) {
    ledger_.lose(model::Loss::marked_late);
    if (std::exchange(told_[view_.container_of(target.init)].is_late, true)) return;
    spdlog::warn(
        "the overlay at {} is in no mount table that can be seen from here and was marked after its "
        "container started: what was "
        "written before is not reported",
        place_of(target));
  }
}

// Each attempt is many questions of the marker to the kernel, and what is due by now may be another one.
bool MarkKeeper::has_to_wait(const watch::Target& target, const model::Mount& mount, Clock::time_point now) {
  const auto known = failing_.find(target.device);
  if (known == failing_.end()) return false;
  const Failing& failing = known->second;
  if (failing.due <= now || failing.target != target || failing.mount != mount) return false;
  retry_at(failing.due);
  return true;
}

// How often it has failed by now.
int MarkKeeper::put_off(const watch::Target& target, const model::Mount& mount, const sys::Error& error) {
  Failing& failing = failing_[target.device];
  if (failing.target != target) failing = {.target = target, .mount = {}, .attempts = {}, .due = {}};
  failing.mount = mount;
  MarkAttempts& attempts = failing.attempts;
  const int failures = attempts.is_soon_settled(error) ? 0 : attempts.fail();
  failing.due = Clock::now() + attempts.pause();
  retry_at(failing.due);
  return failures;
}

void MarkKeeper::fail(const watch::Target& target, const model::Mount& mount, const sys::Error& error) {
  const int failures = put_off(target, mount, error);
  if (failures < failures_to_tell) return;
  WatchedMount unmarked;
  unmarked.device = target.device;
  unmarked.mount_point = target.mount_point;
  unmarked.init = target.init;
  unmarked.problem = explain(error);
  unmarked.is_failed = true;
  // Of one that only a process shows they are the words of whoever mounted it: the marker has not proved
  // them.
  if (!target.mount_point.empty())
    unmarked.layers = mount::parse_overlay_layers(mount).value_or(model::OverlayLayers{});
  mounts_.add(std::move(unmarked), Clock::now());
  if (failures > failures_to_tell) return;
  ledger_.lose(model::Loss::mark_failed);
  spdlog::error("cannot watch the overlay at {}: {}; its container is not covered, trying again",
                place_of(target), explain(error));
}

void MarkKeeper::retry_at(Clock::time_point when) {
  next_retry_ = next_retry_ ? std::min(*next_retry_, when) : when;
}

// Everything that a container writes there passes us by: said once of each, however often it changes its
// root.
void MarkKeeper::tell_foreign(const OverlayView::Owners& owners) {
  std::erase_if(told_, [this](const auto& entry) { return !view_.has_process({entry.first}); });
  for (const auto& root : view_.foreign(owners)) {
    if (root.container.empty() || root.may_change) continue;
    if (std::exchange(told_[root.container].is_foreign, true)) continue;
    spdlog::warn(
        "the root of container {} is not watched, and nothing that is written to it is seen: a container may "
        "have mounted it itself ({})",
        util::escape(root.container, longest_reason), util::escape(root.reason, longest_reason));
  }
}

void MarkKeeper::identify_containers(const OverlayView::Owners& owners) {
  for (const model::Mount* root : view_.roots()) mounts_.learn_mount(root->id, root->device);
  std::erase_if(naming_, [&](const auto& entry) { return mounts_.find(entry.first) == nullptr; });
  for (const auto& [device, owner] : owners) {
    WatchedMount* overlay = mounts_.find(device);
    if (overlay != nullptr) identify(*overlay, owner);
  }
}

MarkKeeper::Proof MarkKeeper::proof_of(const container::OverlayOwner& owner,
                                       const model::Device& device) const {
  switch (owner.evidence) {
    case container::Evidence::mount_point:
      return Proof::carried;
    case container::Evidence::init_root:
      return Proof::seen;
    case container::Evidence::upperdir:
      return view_.was_seen_on(owner.id, device) ? Proof::told_and_seen : Proof::told;
    case container::Evidence::later_mount:
      break;
  }
  return Proof::told;
}

// A name stays, whatever runtimes tell later and in turns, unless the kernel says another.
void MarkKeeper::identify(WatchedMount& overlay, const container::OverlayOwner& owner) {
  Naming& naming = naming_[overlay.serial];
  if (!owner.id.value.empty()) {
    const Proof proof = proof_of(owner, overlay.device);
    const bool is_free = overlay.container.value.empty() || overlay.container == owner.id;
    if (is_free || proof > naming.proof) {
      naming.proof = is_free ? std::max(naming.proof, proof) : proof;
      overlay.container = owner.id;
    } else if (owner.evidence == container::Evidence::upperdir) {
      dispute(overlay, naming, owner.id);
    }
  }
  if (!owner.denied.value.empty() && owner.denied != overlay.container)
    dispute(overlay, naming, owner.denied);
}

// Said once of each overlay: a runtime may tell as many containers as it likes.
void MarkKeeper::dispute(WatchedMount& overlay, Naming& naming, const model::ContainerId& told) {
  // One that cannot be marked is another object with each attempt, and tells nothing.
  if (!overlay.is_marked() || std::exchange(naming.is_disputed, true)) return;
  const std::string id = util::escape(told.value, longest_reason);
  const std::string truth = overlay.container.value.empty()
                                ? "several are told to have it, and no first process is seen there"
                                : "it is container " + util::escape(overlay.container.value, longest_reason) +
                                      "'s by its mount, its first process or what was told before";
  if (overlay.problem.empty())
    overlay.problem = "a runtime tells that it is container " + id + "'s, which is not believed: " + truth;
  spdlog::warn("a runtime tells that the overlay at {} is container {}'s, which is not believed: {}",
               util::escape(overlay.layers.upperdir, longest_reason), id, truth);
}

std::vector<WatchedMount> MarkKeeper::foreign() const {
  std::vector<WatchedMount> foreign;
  for (const auto& known : view_.foreign(view_.told_owners())) {
    WatchedMount overlay;
    overlay.device = known.mount->device;
    if (known.container.empty()) overlay.mount_point = known.mount->mount_point;
    overlay.container = {known.container};
    overlay.init = known.init;
    overlay.problem = "not marked: a container may have mounted it itself (" +
                      util::escape(known.reason, longest_reason) + ")";
    foreign.push_back(std::move(overlay));
  }
  return foreign;
}

}  // namespace dropwarden::monitor
