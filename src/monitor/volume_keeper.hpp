// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/watch/marks.hpp"

#include "container_mounts.hpp"
#include "mark_budget.hpp"
#include "retry_pause.hpp"

namespace dropwarden::monitor {

// Keeps what a container sees beside its overlay marked: volumes, tmpfs, single files that are bound, and a
// root that is no overlay. Owns no descriptor. Loop's thread only.
class VolumeKeeper {
 public:
  using Clock = std::chrono::steady_clock;
  using ReadMarks = std::function<watch::Marks()>;

  VolumeKeeper(privilege::Privilege& privilege, int group, std::uint64_t mask, WatchedMounts& mounts,
               Ledger& ledger, const MarkBudget::Limits& limits, ReadMarks read_marks)
      : privilege_(privilege),
        group_(group),
        mask_(mask),
        mounts_(mounts),
        ledger_(ledger),
        read_marks_(std::move(read_marks)),
        budget_(limits),
        seen_(privilege) {}

  void on_table(const std::vector<model::Mount>& table) { seen_.on_table(table); }
  void on_containers(const std::shared_ptr<const container::Snapshot>& snapshot) {
    seen_.on_containers(snapshot);
  }
  void set_options(const mount::JudgeOptions& options) { seen_.set_options(options); }
  // Containers' mounts beside those that are known: `apply` follows.
  ContainerMounts& seen() { return seen_; }

  // Marks what is due now, some tables at a time, and rests then for as long as that took: until then it only
  // forgets what is gone. When to call it next, if there is more to do.
  void apply(Clock::time_point now);
  std::optional<Clock::time_point> next() const;

  // From now on a container whose first instruction may have run before its volumes were marked was found
  // late.
  void set_ready() { is_ready_ = true; }
  const mount::HostMounts& host() const { return seen_.host(); }
  // Processor time since the last call that went into looking where nothing had told of a change.
  std::chrono::nanoseconds take_spent() { return std::exchange(spent_, {}); }

 private:
  // What a process of a container shows: ContainerMounts::Reading.
  struct View {
    std::vector<std::uint64_t> serials;  // in `mounts_`
    MarkAttempts attempts;
    bool is_root_told = false;  // that nothing sees what is written there
  };

  void forget(const std::string& key, Clock::time_point now);
  // A mount that should be marked, and how.
  struct Wanted {
    WatchedMount* mount = nullptr;
    mount::Coverage coverage = mount::Coverage::none;
    bool was_marked = false;  // so that nothing was missed
    bool has_room = true;     // among all marks
  };
  using Answer = sys::Result<privilege::RootIdentity>;
  // One for each of `wanted`.
  std::vector<Answer> ask(model::Pid init, const std::vector<Wanted>& wanted);
  bool is_marked(const WatchedMount& mount, mount::Coverage coverage) const;
  void update(const ContainerMounts::Reading& reading, Clock::time_point now);
  // Adds it to what is wanted, unless its container has its share already.
  bool want(const ContainerMounts::Reading& reading, WatchedMount& mount, mount::Coverage coverage,
            std::vector<Wanted>& wanted);
  static void tell_of_root(const ContainerMounts::Reading& reading, View& view);
  void mark(const ContainerMounts::Reading& reading, const std::vector<Wanted>& wanted,
            Clock::time_point now);
  bool is_soon_settled(const ContainerMounts::Reading& reading, const sys::Error& error,
                       Clock::time_point now);
  void retry(const ContainerMounts::Reading& reading, const sys::Error* failure, bool is_any_changed,
             Clock::time_point now);
  bool has_gone_on(const ContainerMounts::Reading& reading) const;
  bool has_begun(model::Pid init) const;

  privilege::Privilege& privilege_;
  const int group_;
  const std::uint64_t mask_;
  WatchedMounts& mounts_;
  Ledger& ledger_;
  ReadMarks read_marks_;
  MarkBudget budget_;
  ContainerMounts seen_;
  std::unordered_map<std::string, View> views_;  // by key
  Clock::time_point rested_{};                   // nothing is read before
  std::chrono::nanoseconds spent_{};
  bool is_ready_ = false;
};

}  // namespace dropwarden::monitor
