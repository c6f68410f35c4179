// SPDX-License-Identifier: Apache-2.0
#include "sync_states.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace dropwarden::monitor {
namespace {

constexpr std::size_t max_sharers = 8192;
// Of a scan, however little there was: a container may have thousands of such.
constexpr std::chrono::milliseconds least_share{1};

}  // namespace

bool SyncStates::Mount::is_synced() const {
  return std::ranges::all_of(reasons, [](const Reason& reason) { return reason.generation == 0; });
}

util::WallTime SyncStates::Mount::since() const {
  util::WallTime since = util::WallTime::max();
  for (const Reason& reason : reasons) {
    if (reason.generation != 0) since = std::min(since, reason.since);
  }
  return since;
}

SyncStates::Clock::time_point SyncStates::due_of(const Mount& mount) const {
  if (!mount.is_present) return Clock::time_point::max();
  if (!mount.is_synced()) return mount.not_before;
  return options_.has_sweeps ? mount.due : Clock::time_point::max();
}

void SyncStates::add(const std::string& mount, std::set<std::string> containers, util::WallTime synced_until,
                     Clock::time_point now) {
  Mount added;
  added.containers = std::move(containers);
  shares_.join(sharer_of(mount, added), max_sharers);
  added.synced_until = synced_until;
  added.due = now + options_.interval;
  added.whole_due = now + options_.whole_interval;
  mounts_.insert_or_assign(mount, std::move(added));
}

void SyncStates::set_containers(const std::string& mount, const std::set<std::string>& containers) {
  const auto found = mounts_.find(mount);
  if (found == mounts_.end()) return;
  const std::string before = sharer_of(mount, found->second);
  found->second.containers = containers;
  // Whose share is forgotten, since that was long ago, is not new.
  if (const auto& sharer = sharer_of(mount, found->second); sharer != before)
    shares_.join(sharer, max_sharers);
}

void SyncStates::set_present(const std::string& mount, bool is_present) {
  if (const auto found = mounts_.find(mount); found != mounts_.end()) found->second.is_present = is_present;
}

void SyncStates::remove(const std::string& mount) {
  mounts_.erase(mount);
}

bool SyncStates::add_reason(Mount& mount, DesyncReason reason, util::WallTime now) {
  if (mount.is_synced()) mount.waits_from = generation_ + 1;
  Reason& known = mount.reasons.at(static_cast<std::size_t>(reason));
  const bool is_news = known.generation == 0;
  if (is_news) known.since = now;
  known.generation = ++generation_;
  return is_news;
}

bool SyncStates::desync(const std::string& mount, DesyncReason reason, util::WallTime now) {
  const auto found = mounts_.find(mount);
  return found != mounts_.end() && add_reason(found->second, reason, now);
}

bool SyncStates::desync_container(const std::string& container, DesyncReason reason, util::WallTime now) {
  bool is_news = false;
  for (auto& [name, mount] : mounts_) {
    if (mount.containers.contains(container)) is_news = add_reason(mount, reason, now) || is_news;
  }
  return is_news;
}

bool SyncStates::desync_all(DesyncReason reason, util::WallTime now) {
  bool is_news = false;
  for (auto& [name, mount] : mounts_) is_news = add_reason(mount, reason, now) || is_news;
  return is_news;
}

void SyncStates::forget_times(std::chrono::nanoseconds set_back, Clock::time_point now) {
  ++clock_steps_;
  for (auto& [name, mount] : mounts_) {
    mount.synced_until = {};
    mount.whole_due = now;
    for (util::WallTime* const time : {&mount.told_from, &mount.started, &mount.written_from}) {
      if (*time != util::WallTime{}) *time -= set_back;
    }
  }
}

void SyncStates::leave_out_before(const std::string& mount, util::WallTime told_from) {
  if (const auto found = mounts_.find(mount); found != mounts_.end()) found->second.told_from = told_from;
}

bool SyncStates::set_started(const std::string& mount, util::WallTime started) {
  const auto found = mounts_.find(mount);
  if (found == mounts_.end() || started == util::WallTime{}) return false;
  Mount& known = found->second;
  known.started = started;
  const bool is_earlier = known.written_from == util::WallTime{} || started < known.written_from;
  if (is_earlier) known.written_from = started;
  return is_earlier;
}

const std::string& SyncStates::sharer_of(const std::string& name, const Mount& mount) {
  return mount.containers.empty() ? name : *mount.containers.begin();
}

std::optional<std::string> SyncStates::next(Clock::time_point now) const {
  const std::pair<const std::string, Mount>* best = nullptr;
  const auto rank = [this](const auto& entry) {
    const auto& [name, mount] = entry;
    const auto used = shares_.standing(sharer_of(name, mount));
    return mount.is_synced() ? std::tuple(1, used, mount.due.time_since_epoch().count())
                             : std::tuple(0, used, static_cast<std::int64_t>(mount.waits_from));
  };
  for (const auto& entry : mounts_) {
    if (due_of(entry.second) > now) continue;
    if (best == nullptr || rank(entry) < rank(*best)) best = &entry;
  }
  if (best == nullptr) return std::nullopt;
  return best->first;
}

std::optional<SyncStates::Clock::time_point> SyncStates::next_due() const {
  std::optional<Clock::time_point> next;
  for (const auto& [name, mount] : mounts_) {
    const auto due = due_of(mount);
    if (due != Clock::time_point::max()) next = next ? std::min(*next, due) : due;
  }
  return next;
}

SyncStates::Ticket SyncStates::begin(const std::string& mount, Clock::time_point now, util::WallTime wall) {
  Ticket ticket{.mount = mount, .generation = generation_, .clock_steps = clock_steps_};
  const auto found = mounts_.find(mount);
  if (found == mounts_.end()) return ticket;
  const Mount& known = found->second;
  ticket.container = sharer_of(mount, known);
  ticket.began = now;
  ticket.told_from = known.told_from;
  ticket.started = known.started;
  ticket.written_from = known.is_synced() ? known.started : known.written_from;
  const bool is_repair_first = options_.has_sweeps && !known.is_synced();
  ticket.tells_again =
      known.whole_due + (is_repair_first ? options_.longest_whole_delay : Clock::duration{}) <= now;
  const bool is_whole = ticket.tells_again || known.synced_until == util::WallTime{} ||
                        known.synced_until > wall + options_.margin;
  if (!is_whole) ticket.changed_since = known.synced_until - options_.margin - options_.writeback;
  return ticket;
}

bool SyncStates::finish(const Ticket& ticket, Outcome outcome, util::WallTime started,
                        Clock::time_point now) {
  if (ticket.began != Clock::time_point{})
    shares_.charge(ticket.container, std::max<Clock::duration>(now - ticket.began, least_share), max_sharers);
  const auto found = mounts_.find(ticket.mount);
  if (found == mounts_.end() || outcome == Outcome::stopped) return false;
  Mount& mount = found->second;
  const bool was_synced = mount.is_synced();
  mount.due = now + options_.interval;
  if (outcome == Outcome::cut) {
    // What it was to repair may be in what it has left out.
    add_reason(mount, DesyncReason::scan_cut, started);
    const auto pause = options_.first_retry * (1 << std::min(mount.cuts++, 16));
    mount.not_before = now + std::min<Clock::duration>(pause, options_.longest_retry);
    return false;
  }
  for (Reason& reason : mount.reasons) {
    if (reason.generation <= ticket.generation) reason = {};
  }
  // What was written before has been looked at, as nothing else was missed meanwhile.
  if (mount.is_synced()) mount.written_from = ticket.started;
  mount.waits_from = ++generation_;
  mount.cuts = 0;
  mount.not_before = {};
  mount.scan = started;
  // By a clock that was set back meanwhile it began in the future: what changes until then would never be
  // read.
  if (ticket.clock_steps != clock_steps_) return false;
  mount.synced_until = started;
  if (ticket.tells_again) mount.whole_due = now + options_.whole_interval;
  return !was_synced && mount.is_synced();
}

SyncState SyncStates::to_state(const std::string& name, const Mount& mount) {
  SyncState state{.container = mount.containers.empty() ? std::string() : *mount.containers.begin(),
                  .mount = name,
                  .reasons = {},
                  .since = {},
                  .synced_until = mount.synced_until,
                  .told_from = mount.told_from,
                  .written_from = mount.written_from,
                  .scan = mount.scan};
  for (const DesyncReason reason : desync_reasons) {
    if (mount.reasons.at(static_cast<std::size_t>(reason)).generation != 0) state.reasons.push_back(reason);
  }
  if (!state.is_synced()) state.since = mount.since();
  return state;
}

std::optional<SyncState> SyncStates::state(const std::string& mount) const {
  const auto found = mounts_.find(mount);
  if (found == mounts_.end()) return std::nullopt;
  return to_state(found->first, found->second);
}

std::vector<SyncState> SyncStates::states() const {
  std::vector<SyncState> states;
  for (const auto& [name, mount] : mounts_) states.push_back(to_state(name, mount));
  return states;
}

std::size_t SyncStates::desynced() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(mounts_, [](const auto& entry) { return !entry.second.is_synced(); }));
}

}  // namespace dropwarden::monitor
