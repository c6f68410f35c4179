// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/monitor/sync_state.hpp"
#include "dropwarden/util/time.hpp"

#include "fair_shares.hpp"

namespace dropwarden::monitor {

// Which mounts are known to have been looked at whole, which are not and why, and which is to be scanned
// next. Mounts go by a name that the caller gives them. Pure; one thread.
//
// A scan takes away the reasons that were there when it began. What comes up meanwhile stays, since the scan
// may have passed the place already.
class SyncStates {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    bool has_sweeps = true;                              // else only what is desynced is scanned
    Clock::duration interval = std::chrono::minutes{1};  // from the end of one sweep of a mount to the next
    Clock::duration whole_interval = std::chrono::hours{6};
    // What hides something is repaired first, but not for ever.
    Clock::duration longest_whole_delay = std::chrono::minutes{10};
    Clock::duration first_retry = std::chrono::seconds{5};  // after a scan that was cut; doubles
    Clock::duration longest_retry = std::chrono::minutes{5};
    // Less than `synced_until`, since the wall clock is adjusted all the time (adjtimex(2)).
    std::chrono::nanoseconds margin = std::chrono::seconds{2};
    // And so much less again: until a page is written back (35 s by default, sysctl/vm), stores to it move no
    // ctime, so that what a sweep has read may be another content without a younger time.
    std::chrono::nanoseconds writeback = std::chrono::seconds{40};
  };
  explicit SyncStates(Options options) : options_(options) {}
  SyncStates() : SyncStates(Options{}) {}
  void set_options(const Options& options) { options_ = options; }

  // A mount is there from now on. What changed before `synced_until` was seen; the epoch: nothing was. The
  // first sweep is an interval away, where no reason asks for a scan at once.
  void add(const std::string& mount, std::set<std::string> containers, util::WallTime synced_until,
           Clock::time_point now);
  // Those that have it mounted.
  void set_containers(const std::string& mount, const std::set<std::string>& containers);
  // One that is away for the time being, since its container is stopped, is not scanned, and stays as it is.
  void set_present(const std::string& mount, bool is_present);
  void remove(const std::string& mount);
  bool contains(const std::string& mount) const { return mounts_.contains(mount); }

  // Something may have been missed: in this mount, in those of this container, anywhere. True when that is
  // news of any.
  bool desync(const std::string& mount, DesyncReason reason, util::WallTime now);
  bool desync_container(const std::string& container, DesyncReason reason, util::WallTime now);
  bool desync_all(DesyncReason reason, util::WallTime now);
  // No longer synced to any time: only a whole scan is sure. For a clock that was set back by so much. First
  // all is looked at for what is new, then, by a sweep, for what may be new behind the numbers of what was
  // told.
  void forget_times(std::chrono::nanoseconds set_back, Clock::time_point now);
  // What changed before this time is not told, however it is come upon: it was there when the mount was
  // added, and nobody asked for that.
  void leave_out_before(const std::string& mount, util::WallTime told_from);
  // Of a volume: when the first of the containers that have it now has started. What changed before is
  // nobody's doing that is watched, save where something was missed while others had it: until a scan has
  // looked at that, a later start changes nothing. The epoch, where it cannot be told, neither. True when it
  // changes what is to be scanned.
  bool set_started(const std::string& mount, util::WallTime started);

  // What is to be scanned at `now`: the desynced ones first, then the others whose time has come; of either,
  // first those of the container that has been scanned for the shortest time, which may have mounted
  // thousands, or have a large layer, then who waits for longest. Nothing when there is none; `next_due` says
  // when there is.
  std::optional<std::string> next(Clock::time_point now) const;
  std::optional<Clock::time_point> next_due() const;

  // A scan of the mount begins.
  struct Ticket {
    std::string mount;
    util::WallTime changed_since{};  // the epoch: everything is to be read
    bool tells_again = false;        // and handed on, also what was handed on before
    util::WallTime told_from{};      // `leave_out_before`
    util::WallTime written_from{};   // what changed before is of before its containers; the epoch: unknown
    util::WallTime started{};        // `set_started`
    std::uint64_t generation = 0;
    std::uint64_t clock_steps = 0;  // `forget_times` before
    std::string container{};        // whose time it takes,
    Clock::time_point began{};      // from then on
  };
  // A mount that is synced until later than `wall`, the wall clock, was scanned by a clock that was ahead for
  // a while: what has changed since looks older than that scan.
  Ticket begin(const std::string& mount, Clock::time_point now, util::WallTime wall);
  // One that was put off goes on.
  static void resume(Ticket& ticket, Clock::time_point now) { ticket.began = now; }
  enum class Outcome {
    complete,
    cut,      // something was left out
    stopped,  // it was put off, and is due as before
  };
  // The scan has ended; `started` is when it began, by the clock of file systems. True when the mount has
  // become synced by it.
  bool finish(const Ticket& ticket, Outcome outcome, util::WallTime started, Clock::time_point now);

  std::optional<SyncState> state(const std::string& mount) const;
  std::vector<SyncState> states() const;
  std::size_t desynced() const;
  std::size_t sharers() const { return shares_.size(); }  // that are remembered

 private:
  struct Reason {
    std::uint64_t generation = 0;  // 0: it does not hold
    util::WallTime since{};
  };
  struct Mount {
    std::set<std::string> containers;
    bool is_present = true;
    std::array<Reason, desync_reasons.size()> reasons{};
    util::WallTime synced_until{};
    util::WallTime told_from{};
    util::WallTime started{};       // of the first container that has it now
    util::WallTime written_from{};  // of the first that had it since the last scan that left it synced
    std::optional<util::WallTime> scan;
    Clock::time_point due{};  // of the next sweep
    Clock::time_point whole_due{};
    Clock::time_point not_before{};  // after a scan that was cut
    int cuts = 0;                    // in a row
    // For a scan since then: a number, as the wall clock may be set. Whatever comes up during a scan waits
    // for the next from its end on, or who loses events all the time would have nothing else scanned.
    std::uint64_t waits_from = 0;

    bool is_synced() const;
    util::WallTime since() const;
  };
  bool add_reason(Mount& mount, DesyncReason reason, util::WallTime now);
  Clock::time_point due_of(const Mount& mount) const;
  static const std::string& sharer_of(const std::string& name, const Mount& mount);
  static SyncState to_state(const std::string& name, const Mount& mount);

  Options options_;
  std::map<std::string, Mount> mounts_;
  std::uint64_t generation_ = 0;
  std::uint64_t clock_steps_ = 0;
  FairShares shares_;  // of the time of scans, by `sharer_of`
};

}  // namespace dropwarden::monitor
