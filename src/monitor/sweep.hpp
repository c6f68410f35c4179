// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/layer/readable_mounts.hpp"
#include "dropwarden/model/disposition.hpp"
#include "dropwarden/monitor/sync_state.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/mount/host_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/store/store.hpp"

#include "clock_watch.hpp"
#include "scanned_trees.hpp"
#include "sweeper.hpp"
#include "sync_states.hpp"

namespace dropwarden::monitor {

// Sensor S: says which mounts of containers may hold what no event has told of, has them scanned, and the
// others now and then. What is scanned is a tree of files, which several containers may have mounted: it is
// walked once, and is the first one's. Loop's thread only, but for its Sweeper.
class Sweep {
 public:
  using Clock = std::chrono::steady_clock;
  struct Handlers {
    // Takes a file; what it returns is how many findings wait now.
    std::function<std::size_t(Sighting)> on_file;
    // Whether events wait to be read.
    std::function<bool()> is_behind;
  };
  // What it refers to outlives it; `store` is null where nothing is remembered.
  Sweep(boost::asio::io_context& loop, privilege::Privilege& privilege, WatchedMounts& mounts,
        const mount::HostMounts& host, store::Store* store, const config::Scan& settings, Handlers handlers);

  void reconfigure(const config::Scan& settings);
  void on_table(const std::vector<model::Mount>& table);
  void on_containers(std::shared_ptr<const container::Snapshot> snapshot) { snapshot_ = std::move(snapshot); }
  // Mounts came, went, or became known as a container's.
  void on_change();
  // All containers that ran already are known: scans begin.
  void set_ready();
  void stop();
  Sweeper& sweeper() { return sweeper_; }
  // Mounts that are.
  std::size_t desynced() const { return states_.desynced(); }
  const ScanCounts& counts() const { return counts_; }

  // Something may have been missed, in the mounts of one container or some, by their IDs, or anywhere.
  void desync(const model::ContainerId& container, DesyncReason reason) {
    desync(std::unordered_set<std::string>{container.value}, reason);
  }
  void desync(const std::unordered_set<std::string>& containers, DesyncReason reason);
  void desync_all(DesyncReason reason);

  // A file that another sensor has come upon below a directory that was moved: whether nobody asks for it,
  // since it was there before the first start (`scan.first_start`).
  bool was_there_before(const Sighting& sighting) const;

  // Nothing for a mount that is not scanned.
  std::optional<SyncState> state(const WatchedMount& mount);

 private:
  void follow();
  void appear(const std::string& name, const ScannedTree& tree);
  bool is_reached_late(const std::string& name, const ScannedTree& tree) const;
  bool is_mounted_later(const ScannedTree& tree) const;
  void forget_gone();
  bool is_known(const std::string& container) const;
  void on_clock_set_back(std::chrono::nanoseconds by);

  void arm();
  void go_on();
  void start(const std::string& name);
  bool note_start(const std::string& name, const ScannedTree& tree);
  std::unique_ptr<TreeScan> make_scan(const ScannedTree& tree, const SyncStates::Ticket& ticket);
  util::WallTime told_from(util::WallTime remembered) const;
  void pump();
  void on_end(SweepEnd end);
  void say(const SweepEnd& end, const std::optional<SyncState>& before, bool is_repaired) const;
  void save(const std::string& name);
  std::string owner_of(const std::string& name) const;

  privilege::Privilege& privilege_;
  WatchedMounts& mounts_;
  const mount::HostMounts& host_;
  store::Store* const store_;
  config::Scan settings_;
  const Handlers handlers_;
  std::shared_ptr<const container::Snapshot> snapshot_ = std::make_shared<const container::Snapshot>();
  std::shared_ptr<const layer::ReadableMounts> readable_ = std::make_shared<const layer::ReadableMounts>();
  std::unordered_map<std::string, store::SyncState> remembered_;  // of the last run, by mount
  std::optional<util::WallTime> alive_at_;                        // when that watched last
  SyncStates states_;
  ScannedTrees present_;
  std::map<std::string, Clock::time_point> absent_;  // since when
  std::map<std::string, std::string> owners_;        // the container that a state is saved with
  std::set<std::string> seen_with_volumes_;          // containers
  std::map<std::string, std::unique_ptr<TreeScan>> put_off_;
  std::map<std::string, SyncStates::Ticket> put_off_tickets_;
  std::optional<std::string> running_;
  std::deque<std::variant<std::shared_ptr<Sighting>, std::shared_ptr<SweepEnd>>> pending_;
  bool is_ready_ = false;
  bool is_stopped_ = false;
  bool is_slow_ = false;
  ScanCounts counts_;
  boost::asio::steady_timer follow_;
  boost::asio::steady_timer next_;
  boost::asio::steady_timer patience_;
  ClockWatch clock_;
  Sweeper sweeper_;  // ends first
};

}  // namespace dropwarden::monitor
