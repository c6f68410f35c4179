// SPDX-License-Identifier: Apache-2.0
#include "volume_keeper.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <spdlog/spdlog.h>

#include "dropwarden/monitor/advice.hpp"
#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/sys/clock.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::monitor {
namespace {

// Of those that may have changed; the others have the next turn of the loop.
constexpr std::size_t tables_in_a_row = 8;
// What is in the way is mostly another mount that has come since the table was read.
constexpr int most_changes_in_a_row = 3;
constexpr std::size_t longest_path = 1024;
// Until a container that has its share of marks is read for whether it has less by now.
constexpr std::chrono::minutes beyond_pause{1};

constexpr const char* not_of_its_users =
    "only what is written through it is watched: it belongs to nobody in the user namespace that shows it";

bool is_same(const WatchedMount& known, const mount::JudgedMount& judged) {
  const model::Mount& mount = judged.mount;
  return known.mount == mount.id && known.device == mount.device && known.path == mount.mount_point &&
         known.root == mount.root && known.type == mount.file_system && known.place == judged.place;
}

MarkBudget::Object object_of(const WatchedMount& mount, mount::Coverage coverage) {
  if (coverage == mount::Coverage::file_system) return mount.device;
  return mount.mount;
}

sys::Error no_room(const WatchedMount& mount) {
  return {"fanotify_mark", mount.path, ENOSPC};
}

bool is_gone(const sys::Error& error) {
  return error.call == "open" && (error.number == ENOENT || error.number == ESRCH);
}

// The table that was read is no longer what is there.
bool is_change(const sys::Error& error) {
  return error.number == ESTALE || error.number == ENOTSUP || error.number == ENOENT ||
         error.number == ENOTDIR || error.number == ELOOP;
}

}  // namespace

void VolumeKeeper::apply(Clock::time_point now) {
  for (const std::string& key : seen_.take_gone()) forget(key, now);
  if (now < rested_) return;
  const auto begin = Clock::now();
  const auto before = sys::read_thread_time();
  const auto readings = seen_.read_due(now, tables_in_a_row);
  if (!readings.empty()) {
    budget_.set_marked(read_marks_());
    for (const auto& reading : readings) update(reading, now);
  }
  if (seen_.has_polled()) spent_ += sys::read_thread_time() - before;
  // The loop has other work: half of its time at most, however fast containers mount.
  rested_ = now + 2 * (Clock::now() - begin);
}

std::optional<VolumeKeeper::Clock::time_point> VolumeKeeper::next() const {
  const auto due = seen_.next_due();
  return due ? std::optional(std::max(*due, rested_)) : std::nullopt;
}

void VolumeKeeper::forget(const std::string& key, Clock::time_point now) {
  const auto found = views_.find(key);
  if (found == views_.end()) return;
  for (const std::uint64_t serial : found->second.serials) mounts_.retire(serial, now);
  views_.erase(found);
}

bool VolumeKeeper::is_marked(const WatchedMount& mount, mount::Coverage coverage) const {
  return coverage != mount::Coverage::none && budget_.is_marked(object_of(mount, coverage));
}

bool VolumeKeeper::want(const ContainerMounts::Reading& reading, WatchedMount& mount,
                        mount::Coverage coverage, std::vector<Wanted>& wanted) {
  const auto verdict = budget_.take(object_of(mount, coverage), reading.container, reading.is_nested);
  if (verdict == MarkBudget::Verdict::beyond_container) {
    mount.problem = "more mounts than are marked for one container, with those of all its mount namespaces";
    mount.is_failed = false;
    return false;
  }
  wanted.push_back({.mount = &mount,
                    .coverage = coverage,
                    .was_marked = is_marked(mount, coverage),
                    .has_room = verdict == MarkBudget::Verdict::granted});
  return true;
}

void VolumeKeeper::update(const ContainerMounts::Reading& reading, Clock::time_point now) {
  View& view = views_[reading.key];
  // By serial, since to add a mount retires one that has had its ID, be it another container's: what was
  // retired so is kept no longer, and where the ID is this one's again, it is a mount that was not seen yet.
  std::unordered_map<model::MountId, std::uint64_t> before;
  for (const std::uint64_t serial : std::exchange(view.serials, {})) {
    if (const WatchedMount* known = mounts_.find_current(serial)) before.emplace(known->mount, serial);
  }
  std::vector<Wanted> wanted;
  bool is_beyond = false;
  for (const mount::JudgedMount& judged : reading.mounts) {
    const auto earlier = before.find(judged.mount.id);
    WatchedMount* const known = earlier == before.end() ? nullptr : mounts_.find_current(earlier->second);
    // One that was marked and is not any more is another one, with the same numbers.
    const bool is_kept = known != nullptr && is_same(*known, judged) &&
                         (!known->is_marked() || is_marked(*known, known->coverage));
    WatchedMount& mount = is_kept ? *known : mounts_.add(to_watched(judged, reading), now);
    mount.init = reading.process;
    if (is_kept) before.erase(earlier);
    view.serials.push_back(mount.serial);
    const bool is_still_marked = is_marked(mount, mount.coverage);
    if (judged.coverage == mount::Coverage::none) {
      // It was marked before a switch was turned off, or before it became read-only.
      if (!is_still_marked) mount.problem = util::escape(judged.reason, longest_path);
    } else if (judged.mount.file_system == "overlay" && judged.coverage == mount::Coverage::file_system) {
      const WatchedMount* overlay = mounts_.find(judged.mount.device);
      mount.coverage = overlay == nullptr ? mount::Coverage::none : overlay->coverage;
    } else if (mount.coverage != judged.coverage || !is_still_marked) {
      is_beyond = !want(reading, mount, judged.coverage, wanted) || is_beyond;
    }
  }
  for (const auto& [id, serial] : before) mounts_.retire(serial, now);
  tell_of_root(reading, view);
  if (is_beyond) seen_.touch(reading.key, now + beyond_pause);
  if (!wanted.empty()) mark(reading, wanted, now);
}

// Everything that a container writes there passes us by: said once of each, not only to whoever asks.
void VolumeKeeper::tell_of_root(const ContainerMounts::Reading& reading, View& view) {
  const auto root = std::ranges::find_if(reading.mounts, [](const mount::JudgedMount& judged) {
    return judged.place == model::Place::rootfs && judged.mount.mount_point == "/";
  });
  const bool is_uncovered = root != reading.mounts.end() && root->coverage == mount::Coverage::none &&
                            !mount::is_read_only(root->mount);
  if (!is_uncovered || std::exchange(view.is_root_told, true)) return;
  const std::string where =
      reading.is_nested ? " in the mount namespace of process " + std::to_string(reading.process.value) : "";
  spdlog::warn(
      "the root of container {}{} is not watched, and nothing that is written to it is seen: {} ({})",
      util::escape(reading.container, longest_path), where,
      util::escape(root->mount.file_system, longest_path), util::escape(root->reason, longest_path));
}

// A superblock is marked by way of a few of its mounts, of which others may lie over some; it may have
// thousands.
std::vector<VolumeKeeper::Answer> VolumeKeeper::ask(model::Pid init, const std::vector<Wanted>& wanted) {
  constexpr std::size_t most_ways = 4;
  std::vector<privilege::ContainerMount> requests;
  std::vector<std::size_t> request_of(
      wanted.size());  // what a mount was asked by, or a mount of its superblock
  std::unordered_map<model::Device, std::vector<std::size_t>> ways;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const WatchedMount& mount = *wanted[i].mount;
    if (!wanted[i].has_room) continue;
    const bool is_whole = wanted[i].coverage == mount::Coverage::file_system;
    request_of[i] = requests.size();
    if (is_whole) {
      auto& known = ways[mount.device];
      if (known.size() == most_ways) {
        request_of[i] = known.front();
        continue;
      }
      known.push_back(requests.size());
    }
    requests.push_back({.path = mount.path,
                        .mount_id = mount.mount.value,
                        .type = mount.type,
                        .type_magic = mount::watchable_magic(mount.type).value_or(0),
                        .is_whole_file_system = is_whole});
  }
  const auto answers =
      requests.empty() ? std::vector<Answer>{} : privilege_.mark_mounts(group_, init.value, requests, mask_);
  std::vector<Answer> result;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].has_room) {
      result.push_back(std::unexpected(no_room(*wanted[i].mount)));
      continue;
    }
    std::size_t answer = request_of[i];
    bool belongs_to_others = false;
    if (wanted[i].coverage == mount::Coverage::file_system) {
      const auto& known = ways[wanted[i].mount->device];
      const auto marked =
          std::ranges::find_if(known, [&](std::size_t way) { return answers[way].has_value(); });
      if (marked != known.end()) answer = *marked;
      belongs_to_others = std::ranges::any_of(
          known, [&](std::size_t way) { return answers[way] && answers[way]->belongs_to_others; });
    }
    result.push_back(answers[answer]);
    if (result.back() && belongs_to_others) result.back()->belongs_to_others = true;
  }
  return result;
}

void VolumeKeeper::mark(const ContainerMounts::Reading& reading, const std::vector<Wanted>& wanted,
                        Clock::time_point now) {
  const util::WallTime since = sys::read_file_time();
  const auto answers = ask(reading.process, wanted);
  const bool may_be_late = has_gone_on(reading);
  bool is_any_late = false;
  bool is_any_changed = false;
  const sys::Error* failure = nullptr;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    WatchedMount& mount = *wanted[i].mount;
    if (answers[i]) {
      mount.coverage = wanted[i].coverage;
      mounts_.set_marked(mount, since);
      mount.file_system = {answers[i]->file_system_id};
      mount.belongs_to_others = answers[i]->belongs_to_others;
      mount.problem = mount.belongs_to_others ? not_of_its_users : "";
      mount.is_failed = false;
      const bool is_late = may_be_late && !wanted[i].was_marked;
      mount.is_late = mount.is_late || is_late;
      is_any_late = is_any_late || is_late;
      continue;
    }
    mount.coverage = mount::Coverage::none;
    const sys::Error& error = answers[i].error();
    if (is_gone(error)) return;
    if (is_soon_settled(reading, error, now)) return;
    mount.problem = is_change(error) ? "another mount lies over it, or has taken its place" : explain(error);
    mount.is_failed = !is_change(error);
    is_any_changed = is_any_changed || is_change(error);
    if (!is_change(error)) failure = &error;
  }
  if (is_any_late) {
    ledger_.lose(model::Loss::marked_late);
    spdlog::debug("mounts of container {} were marked when it may have written to them",
                  util::escape(reading.container, longest_path));
  }
  retry(reading, failure, is_any_changed, now);
}

// The process has the host's mounts as well, for some milliseconds. One that keeps them is not covered, which
// is then said.
bool VolumeKeeper::is_soon_settled(const ContainerMounts::Reading& reading, const sys::Error& error,
                                   Clock::time_point now) {
  View& view = views_[reading.key];
  if (!view.attempts.is_soon_settled(error)) return false;
  seen_.touch(reading.key, now + view.attempts.pause());
  return true;
}

void VolumeKeeper::retry(const ContainerMounts::Reading& reading, const sys::Error* failure,
                         bool is_any_changed, Clock::time_point now) {
  View& view = views_[reading.key];
  if (failure == nullptr && !is_any_changed) {
    view.attempts = {};
    return;
  }
  const int failures = view.attempts.fail();
  const auto pause = view.attempts.pause();
  if (failure != nullptr || failures <= most_changes_in_a_row) seen_.touch(reading.key, now + pause);
  // Once may be a container that is coming or going.
  if (failure == nullptr || failures != 2) return;
  ledger_.lose(model::Loss::mark_failed);
  spdlog::error("cannot watch a volume of container {}: {}; trying again",
                util::escape(reading.container, longest_path), explain(*failure));
}

// Whether something may have been written through a mount before it is marked. A process in another namespace
// than the first one's was there before we saw it.
bool VolumeKeeper::has_gone_on(const ContainerMounts::Reading& reading) const {
  return is_ready_ && (reading.is_nested || has_begun(reading.process));
}

// Until it executes the container's program, the first process is the runtime's own, by a name that says so:
// runc's `runc:[2:INIT]`, crun's `crun`.
bool VolumeKeeper::has_begun(model::Pid init) const {
  const auto stat = privilege_.read_process_file(init.value, privilege::ProcessFile::stat);
  return !stat || (!stat->contains("(runc:[") && !stat->contains("(crun"));
}

}  // namespace dropwarden::monitor
