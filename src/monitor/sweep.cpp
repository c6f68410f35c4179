// SPDX-License-Identifier: Apache-2.0
#include "sweep.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "dropwarden/sys/clock.hpp"
#include "dropwarden/util/escape.hpp"
#include "dropwarden/util/text.hpp"

#include "container_start.hpp"

// Owns descriptors of files that are on their way from the sweeper, a few at most.
namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;

// Changes come in swarms.
constexpr auto follow_pause = 20ms;
// A container that is restarted has its mounts again soon.
constexpr auto keep_absent = 60s;
// A volume comes again with another container, for which the kubelet waits 5 minutes at most after one that
// failed (CrashLoopBackOff), and what was missed in it is still there.
constexpr auto keep_desynced = 10min;
// Findings that wait, for a hash, an origin or a runtime: beyond, the sweep slows down.
constexpr std::size_t many_open = 512;
constexpr auto slow_pause = 20ms;
constexpr auto check_pause = 5s;
constexpr std::size_t longest_path = 1024;

SyncStates::Options options_of(const config::Scan& settings) {
  SyncStates::Options options;
  options.has_sweeps = settings.sweep;
  options.interval = settings.interval;
  options.whole_interval = settings.whole_interval;
  return options;
}

util::WallTime now_by_wall() {
  return sys::read_file_time();
}

std::string words_of(const std::vector<DesyncReason>& reasons) {
  std::string words;
  for (const DesyncReason reason : reasons)
    words += (words.empty() ? "" : " ") + std::string(name_of(reason));
  return words;
}

}  // namespace

Sweep::Sweep(boost::asio::io_context& loop, privilege::Privilege& privilege, WatchedMounts& mounts,
             const mount::HostMounts& host, store::Store* store, const config::Scan& settings,
             Handlers handlers)
    : privilege_(privilege),
      mounts_(mounts),
      host_(host),
      store_(store),
      settings_(settings),
      handlers_(std::move(handlers)),
      states_(options_of(settings)),
      follow_(loop),
      next_(loop),
      patience_(loop),
      clock_(loop, [this](std::chrono::nanoseconds by) { on_clock_set_back(by); }),
      sweeper_(loop, privilege,
               {.on_file =
                    [this](Sighting sighting) {
                      pending_.emplace_back(std::make_shared<Sighting>(std::move(sighting)));
                      pump();
                    },
                .on_end =
                    [this](SweepEnd end) {
                      pending_.emplace_back(std::make_shared<SweepEnd>(std::move(end)));
                      pump();
                    }}) {
  reconfigure(settings);
  if (store_ == nullptr) return;
  for (store::SyncState& state : store_->load_sync_states()) {
    std::string mount = state.mount;
    remembered_.insert_or_assign(std::move(mount), std::move(state));
  }
  if (const auto& last = store_->last_run()) alive_at_ = last->alive_at;
}

void Sweep::reconfigure(const config::Scan& settings) {
  settings_ = settings;
  states_.set_options(options_of(settings));
  sweeper_.set_rate(settings.entries_per_second, settings.bytes_per_second);
  if (is_ready_) arm();
}

void Sweep::on_table(const std::vector<model::Mount>& table) {
  readable_ = std::make_shared<const layer::ReadableMounts>(table);
}

void Sweep::on_change() {
  if (is_stopped_ || follow_.expiry() > Clock::now()) return;
  follow_.expires_after(follow_pause);
  follow_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    follow();
    if (is_ready_) go_on();
  });
}

void Sweep::set_ready() {
  follow();
  is_ready_ = true;
  if (const std::size_t desynced = states_.desynced(); desynced > 0)
    spdlog::info("{} mounts of containers may hold what was written before: they are scanned", desynced);
  go_on();
}

void Sweep::stop() {
  is_stopped_ = true;
  sweeper_.stop();
  follow_.cancel();
  next_.cancel();
  patience_.cancel();
  clock_.stop();
  pending_.clear();
}

void Sweep::follow() {
  ScannedTrees trees = find_trees(mounts_.current());
  const auto now = Clock::now();
  for (const auto& [name, tree] : trees) {
    if (!states_.contains(name)) {
      appear(name, tree);
    } else if (absent_.erase(name) != 0) {
      states_.set_present(name, true);
    }
    if (is_reached_late(name, tree)) states_.desync(name, DesyncReason::marked_late, now_by_wall());
    states_.set_containers(name, tree.containers);
    if (tree.is_failed) states_.desync(name, DesyncReason::mark_failed, now_by_wall());
    const auto before = present_.find(name);
    const bool is_shown_anew = before == present_.end() || before->second.serials != tree.serials;
    const bool is_wider = is_shown_anew && note_start(name, tree);
    if (owners_[name] != owner_of(name) || tree.is_failed || is_wider) save(name);
  }
  for (const auto& [name, tree] : present_) {
    if (trees.contains(name)) continue;
    absent_.emplace(name, now);
    states_.set_present(name, false);
    put_off_.erase(name);
  }
  present_ = std::move(trees);
  for (const auto& [name, tree] : present_) {
    if (!tree.is_overlay) seen_with_volumes_.insert(tree.containers.begin(), tree.containers.end());
  }
  forget_gone();
}

// By a mount that was not marked in time and is new.
bool Sweep::is_reached_late(const std::string& name, const ScannedTree& tree) const {
  const auto before = present_.find(name);
  return std::ranges::any_of(tree.late, [&](std::uint64_t serial) {
    return before == present_.end() || !before->second.late.contains(serial);
  });
}

// All mounts that a container starts with are found at once.
bool Sweep::is_mounted_later(const ScannedTree& tree) const {
  return !tree.is_overlay && std::ranges::any_of(tree.containers, [this](const std::string& container) {
    return seen_with_volumes_.contains(container);
  });
}

void Sweep::appear(const std::string& name, const ScannedTree& tree) {
  const util::WallTime now = now_by_wall();
  const auto add = [&](util::WallTime synced_until) {
    states_.add(name, tree.containers, synced_until, Clock::now());
  };
  const auto add_from_now_on = [&] {
    add(now);
    states_.leave_out_before(name, now - SyncStates::Options{}.margin);
  };
  const auto remembered = remembered_.find(name);
  if (remembered != remembered_.end()) {
    const store::SyncState& state = remembered->second;
    // What a process held open when the daemon ended, or was in the kernel's queue, has an older ctime.
    add({});
    states_.leave_out_before(name, state.told_from);
    states_.set_started(name, state.written_from);
    for (const auto word : util::split(state.reasons, ' ')) {
      if (const auto reason = parse_desync_reason(word)) states_.desync(name, *reason, state.updated);
    }
    states_.desync(name, DesyncReason::was_stopped, alive_at_.value_or(now));
    remembered_.erase(remembered);
  } else if (is_ready_) {
    // Of a container that was stopped, its layer may hold what was written before.
    if (settings_.first_start)
      add({});
    else
      add_from_now_on();
    if (is_mounted_later(tree)) states_.desync(name, DesyncReason::late_mount, now);
  } else if (alive_at_) {
    add({});
    states_.desync(name, DesyncReason::was_stopped, *alive_at_);
  } else if (settings_.first_start) {
    add({});
    states_.desync(name, DesyncReason::first_start, now);
  } else {
    add_from_now_on();
  }
  save(name);
}

void Sweep::forget_gone() {
  const auto now = Clock::now();
  std::set<std::string> gone;
  for (auto at = absent_.begin(); at != absent_.end();) {
    const auto state = states_.state(at->first);
    const bool is_stopped_only = state && is_known(state->container);
    const bool is_desynced_volume = state && !state->is_synced() && state->written_from != util::WallTime{};
    if (now - at->second <= (is_desynced_volume ? keep_desynced : keep_absent) || is_stopped_only) {
      ++at;
      continue;
    }
    gone.insert(owners_[at->first]);
    owners_.erase(at->first);
    states_.remove(at->first);
    at = absent_.erase(at);
  }
  std::erase_if(seen_with_volumes_, [this](const std::string& container) { return !is_known(container); });
  if (store_ == nullptr) return;
  for (const std::string& owner : gone) {
    store_->remove_sync_states(owner);
    for (const auto& [name, kept] : owners_) {
      if (kept == owner) save(name);
    }
  }
}

bool Sweep::is_known(const std::string& container) const {
  return !container.empty() && snapshot_->find({container}) != nullptr;
}

void Sweep::desync(const std::unordered_set<std::string>& containers, DesyncReason reason) {
  follow();
  bool is_news = false;
  for (const std::string& container : containers)
    is_news = states_.desync_container(container, reason, now_by_wall()) || is_news;
  if (!is_news) return;
  for (const SyncState& state : states_.states()) save(state.mount);
  if (is_ready_) go_on();
}

void Sweep::desync_all(DesyncReason reason) {
  follow();
  if (!states_.desync_all(reason, now_by_wall())) return;
  for (const SyncState& state : states_.states()) save(state.mount);
  if (is_ready_) go_on();
}

std::optional<SyncState> Sweep::state(const WatchedMount& mount) {
  if (!is_scanned(mount)) return std::nullopt;
  const std::string name = name_of_tree(mount);
  if (!states_.contains(name)) follow();
  return states_.state(name);
}

// What is written after that looks older than what was looked at before.
void Sweep::on_clock_set_back(std::chrono::nanoseconds by) {
  spdlog::warn("the wall clock was set back: times of files tell less, and everything is scanned once more");
  states_.forget_times(by, Clock::now());
  desync_all(DesyncReason::clock_step);
}

void Sweep::arm() {
  const auto due = states_.next_due();
  const auto latest = Clock::now() + check_pause;
  next_.expires_at(due ? std::min(*due, latest) : latest);
  next_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    clock_.look();
    forget_gone();
    go_on();
  });
}

void Sweep::go_on() {
  if (is_stopped_) return;
  const auto next = states_.next(Clock::now());
  if (!running_ && next) start(*next);
  // A sweep gives way to what may hide something.
  const auto desynced = [this](const std::string& name) {
    const auto state = states_.state(name);
    return state && !state->is_synced();
  };
  if (running_ && next && *running_ != *next && desynced(*next) && !desynced(*running_)) sweeper_.put_off();
  if (running_) {
    next_.expires_after(check_pause);
    next_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      clock_.look();
      go_on();
    });
  } else {
    arm();
  }
}

void Sweep::start(const std::string& name) {
  SweepJob job;
  if (auto put_off = put_off_.extract(name)) {
    job = {.ticket = put_off_tickets_[name], .scan = std::move(put_off.mapped())};
    SyncStates::resume(job.ticket, Clock::now());
  } else {
    const ScannedTree& tree = present_[name];
    if (states_.state(name)->written_from == util::WallTime{}) note_start(name, tree);
    job.ticket = states_.begin(name, Clock::now(), now_by_wall());
    job.scan = make_scan(tree, job.ticket);
  }
  put_off_tickets_.erase(name);
  if (!job.scan) {
    on_change();
    return;
  }
  running_ = name;
  sweeper_.start(std::move(job));
}

// Of all that have the volume: an older one may write what the scan is for.
bool Sweep::note_start(const std::string& name, const ScannedTree& tree) {
  util::WallTime earliest{};
  for (const std::uint64_t serial : tree.serials) {
    const WatchedMount* mount = mounts_.find(serial);
    if (mount == nullptr || mount->place != model::Place::volume) continue;
    const util::WallTime start = read_container_start(privilege_, *mount, *snapshot_);
    const bool is_known = start != util::WallTime{};
    if (is_known && (earliest == util::WallTime{} || start < earliest)) earliest = start;
  }
  return states_.set_started(name, earliest);
}

std::unique_ptr<TreeScan> Sweep::make_scan(const ScannedTree& tree, const SyncStates::Ticket& ticket) {
  for (const std::uint64_t serial : tree.serials) {
    const WatchedMount* mount = mounts_.find(serial);
    if (mount == nullptr) continue;
    std::vector<mount::HostPath> host;
    if (!mount->is_overlay()) host = host_.find(mount->device, mount->root, mount->path, mount->path);
    TreeScan::Range range{.changed_since = ticket.changed_since,
                          .never_before = told_from(ticket.told_from),
                          .tells_again = ticket.tells_again,
                          .may_put_off = settings_.sweep};
    // What a volume held before is not its containers' doing.
    range.never_before = std::max(range.never_before, ticket.written_from);
    range.changed_since = std::max(range.changed_since, range.never_before);
    return sweeper_.make_scan(MountTree(privilege_, *mount, std::move(host), readable_), range);
  }
  return nullptr;
}

// Where the first start is asked about after all, by a configuration that has changed, all is told.
util::WallTime Sweep::told_from(util::WallTime remembered) const {
  return settings_.first_start ? util::WallTime{} : remembered;
}

bool Sweep::was_there_before(const Sighting& sighting) const {
  if (settings_.first_start) return false;
  const WatchedMount* mount = sighting.located ? mounts_.find(sighting.located->mount) : nullptr;
  const auto state = mount == nullptr ? std::nullopt : states_.state(name_of_tree(*mount));
  if (!state || state->told_from == util::WallTime{}) return false;
  const auto status = sys::read_status(sighting.file.number());
  return status && status->changed < state->told_from;
}

// Files in the order in which they were found, and the end of the scan after them.
void Sweep::pump() {
  while (!pending_.empty() && !is_stopped_ && !is_slow_) {
    auto next = std::move(pending_.front());
    pending_.pop_front();
    if (auto* const end = std::get_if<std::shared_ptr<SweepEnd>>(&next)) {
      on_end(std::move(**end));
      continue;
    }
    const std::size_t open = handlers_.on_file(std::move(*std::get<std::shared_ptr<Sighting>>(next)));
    // What is scanned stays where it is, and of events only so many are kept: a scan that was to repair a
    // loss must not be what makes the next one.
    const bool gives_way = open >= many_open || handlers_.is_behind();
    if (!gives_way) {
      sweeper_.on_taken();
      continue;
    }
    // Never for long: what waits may wait for a runtime, and a container may write without end.
    is_slow_ = true;
    patience_.expires_after(slow_pause);
    patience_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      is_slow_ = false;
      sweeper_.on_taken();
      pump();
    });
  }
}

void Sweep::on_end(SweepEnd end) {
  const std::string name = end.ticket.mount;
  running_.reset();
  if (end.outcome == SyncStates::Outcome::stopped) {
    states_.finish(end.ticket, end.outcome, {}, Clock::now());
    if (present_.contains(name)) {
      put_off_tickets_[name] = end.ticket;
      put_off_[name] = std::move(end.scan);
    }
  } else {
    ++(end.outcome == SyncStates::Outcome::complete ? counts_.complete : counts_.cut);
    const auto before = states_.state(name);
    const bool is_repaired = states_.finish(
        end.ticket, end.outcome, end.scan ? end.scan->totals().started : now_by_wall(), Clock::now());
    if (end.scan) {
      say(end, before, is_repaired);
    } else {
      spdlog::error(
          "the scan of {} is stuck in a call to its file system: it is given up, and begins anew later",
          util::escape(name, longest_path));
    }
    save(name);
  }
  go_on();
}

void Sweep::say(const SweepEnd& end, const std::optional<SyncState>& before, bool is_repaired) const {
  const TreeScan::Totals& totals = end.scan->totals();
  const auto& mount = end.scan->mount();
  const std::string what =
      fmt::format("{} of container {}", util::escape(mount.path, longest_path),
                  mount.container.value.empty() ? "?" : util::escape(mount.container.value, longest_path));
  const std::string how = fmt::format("{} entries, {} files read, {} executables looked at", totals.entries,
                                      totals.files, totals.handed_on);
  if (is_repaired)
    return spdlog::info("scanned {} ({}): {}; it is synced again", what, words_of(before->reasons), how);
  if (end.outcome == SyncStates::Outcome::complete) return spdlog::debug("swept {}: {}", what, how);
  const std::string problems = fmt::format("{}", fmt::join(totals.problems, "; "));
  const bool is_news =
      !before || std::ranges::find(before->reasons, DesyncReason::scan_cut) == before->reasons.end();
  if (totals.is_gone || !is_news) return spdlog::debug("the scan of {} was cut: {}", what, problems);
  spdlog::warn("the scan of {} left something out and it stays desynced: {} ({})", what, problems, how);
}

std::string Sweep::owner_of(const std::string& name) const {
  const auto state = states_.state(name);
  return state && !state->container.empty() ? state->container : name;
}

void Sweep::save(const std::string& name) {
  const auto state = states_.state(name);
  if (!state) return;
  std::string& owner = owners_[name];
  const std::string now = owner_of(name);
  if (store_ != nullptr && !owner.empty() && owner != now && owner == name) store_->remove_sync_states(owner);
  owner = now;
  if (store_ == nullptr) return;
  store_->save(store::SyncState{.container = now,
                                .mount = name,
                                .synced_until = state->synced_until,
                                .reasons = words_of(state->reasons),
                                .updated = state->is_synced() ? now_by_wall() : state->since,
                                .told_from = state->told_from,
                                .written_from = state->written_from});
}

}  // namespace dropwarden::monitor
