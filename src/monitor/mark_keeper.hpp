// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
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
#include "dropwarden/watch/plan.hpp"

#include "overlay_view.hpp"
#include "retry_pause.hpp"
#include "volume_keeper.hpp"

namespace dropwarden::monitor {

// Keeps every container's overlay marked, and by a VolumeKeeper its other mounts. Owns no descriptor; the
// group is the caller's. Loop's thread only.
class MarkKeeper {
 public:
  using Clock = std::chrono::steady_clock;
  using ReadMarks = std::function<sys::Result<watch::Marks>(int group)>;

  // `most_marks` is what the kernel lets all groups have, of which overlays need to have some left.
  MarkKeeper(privilege::Privilege& privilege, int group, std::uint64_t mask, WatchedMounts& mounts,
             Ledger& ledger, std::size_t most_marks, ReadMarks read_marks = watch::read_marks)
      : privilege_(privilege),
        group_(group),
        mask_(mask),
        mounts_(mounts),
        ledger_(ledger),
        read_marks_(std::move(read_marks)),
        volumes_(privilege, group, mask, mounts, ledger, MarkBudget::within(most_marks),
                 [this] { return read_marked(); }) {
    volumes_.seen().set_on_root([this](const std::string& container, const model::Device& device,
                                       Clock::time_point now) { view_.on_root(container, device, now); });
  }

  void set_options(const mount::JudgeOptions& options) { volumes_.set_options(options); }

  // A new reading of the host's mount table.
  void on_table(const std::vector<model::Mount>& table);
  // The containers changed.
  void on_containers(std::shared_ptr<const container::Snapshot> snapshot);
  // Marks what should be marked and is not, whatever was tried before.
  void mark_again();
  // Goes on with what is due, and tries again what failed. When to call it next, if there is anything.
  void retry();
  std::optional<Clock::time_point> next_retry() const;

  // From now on an overlay that is only found through a running process was found late.
  void set_ready() {
    is_ready_ = true;
    volumes_.set_ready();
  }

  // What containers have beside their overlays. `retry` follows what is found for it.
  VolumeKeeper& volumes() { return volumes_; }
  // All that are set: of file systems and of mounts.
  std::size_t marks() const;
  // The host's mount table, as it was read last.
  const mount::HostMounts& host() const { return volumes_.host(); }
  // Overlays that are not to be marked, and why.
  std::vector<WatchedMount> foreign() const;
  // Overlays that no container is known to own.
  bool has_unidentified() const;
  // Somebody waits for who owns an overlay: first processes that are rarely looked at by now, since they had
  // no root of their own for long, are looked at once more. True where there are such; `next_retry` is now
  // then.
  bool hurry();
  // Whether an overlay was mounted lately whose container has no process yet that is known.
  bool awaits_process(Clock::time_point now);

 private:
  void apply();
  void apply_overlays(Clock::time_point now);
  using Targets = std::unordered_map<model::Device, watch::Target>;
  std::vector<model::Device> find_gone(const Targets& wanted, const std::vector<model::Device>& marked);
  watch::Marks read_marked() const;
  sys::Result<privilege::RootIdentity> set_mark(const watch::Target& target, const model::Mount& mount,
                                                std::uint64_t mask);
  bool is_given_up(const watch::Target& target, const sys::Error& error);
  void mark(const watch::Target& target, const model::Mount& mount);
  void widen(const watch::Target& target, const model::Mount& mount);
  bool has_to_wait(const watch::Target& target, const model::Mount& mount, Clock::time_point now);
  int put_off(const watch::Target& target, const model::Mount& mount, const sys::Error& error);
  void fail(const watch::Target& target, const model::Mount& mount, const sys::Error& error);
  void retry_at(Clock::time_point when);
  void tell_foreign(const OverlayView::Owners& owners);
  void identify_containers(const OverlayView::Owners& owners);
  // How well it is known whose an overlay is, best last.
  enum class Proof { none, told, seen, told_and_seen, carried };
  struct Naming {
    Proof proof = Proof::none;
    bool is_disputed = false;  // a runtime tells another one, which was said
  };
  Proof proof_of(const container::OverlayOwner& owner, const model::Device& device) const;
  void identify(WatchedMount& overlay, const container::OverlayOwner& owner);
  static void dispute(WatchedMount& overlay, Naming& naming, const model::ContainerId& told);

  privilege::Privilege& privilege_;
  const int group_;
  const std::uint64_t mask_;
  WatchedMounts& mounts_;
  Ledger& ledger_;
  ReadMarks read_marks_;
  OverlayView view_{privilege_};
  struct Young {
    model::Device device;
    std::uint64_t serial = 0;  // in `mounts_`
    Clock::time_point since;
  };
  std::vector<Young> young_;
  struct Failing {
    watch::Target target;  // a device number is the next overlay's at once
    model::Mount mount;
    MarkAttempts attempts;
    Clock::time_point due;  // not tried before
  };
  std::unordered_map<model::Device, Failing> failing_;
  std::optional<Clock::time_point> next_retry_;
  std::unordered_map<std::uint64_t, Naming> naming_;  // by the serial in `mounts_`
  struct Told {
    bool is_foreign = false;  // its root
    bool is_late = false;     // it was marked after it may have run
    bool has_left = false;    // more roots than are kept
  };
  std::unordered_map<std::string, Told> told_;  // what was said of a container
  VolumeKeeper volumes_;
  bool is_ready_ = false;
};

}  // namespace dropwarden::monitor
