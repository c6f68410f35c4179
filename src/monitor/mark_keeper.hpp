// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/monitor/ledger.hpp"
#include "dropwarden/monitor/overlays.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/watch/plan.hpp"

#include "overlay_view.hpp"

namespace dropwarden::monitor {

// Keeps every container's overlay marked. Owns no descriptor; the group is the caller's. Loop's thread only.
class MarkKeeper {
 public:
  using Clock = std::chrono::steady_clock;

  MarkKeeper(privilege::Privilege& privilege, int group, std::uint64_t mask, Overlays& overlays,
             Ledger& ledger)
      : privilege_(privilege), group_(group), mask_(mask), overlays_(overlays), ledger_(ledger) {}

  // A new reading of the host's mount table.
  void on_table(const std::vector<model::Mount>& table);
  // The containers changed.
  void on_containers(std::shared_ptr<const container::Snapshot> snapshot);
  // Tries again what failed. When to call it next, if something did.
  void retry();
  std::optional<Clock::time_point> next_retry() const { return next_retry_; }

  // From now on an overlay that is only found through a running process was found late.
  void set_ready() { is_ready_ = true; }

  std::size_t marks() const;
  // Overlays that are not to be marked, and why.
  std::vector<Overlay> foreign() const;
  // Overlays that no container is known to own.
  bool has_unidentified() const;

 private:
  void apply();
  std::vector<model::Device> read_marked() const;
  void mark(const watch::Target& target, const model::Mount& mount);
  void fail(const watch::Target& target, const sys::Error& error);
  void identify_containers(const OverlayView::Owners& owners);

  privilege::Privilege& privilege_;
  const int group_;
  const std::uint64_t mask_;
  Overlays& overlays_;
  Ledger& ledger_;
  OverlayView view_{privilege_};
  std::unordered_map<model::Device, int> failures_;
  std::optional<Clock::time_point> next_retry_;
  bool is_ready_ = false;
};

}  // namespace dropwarden::monitor
