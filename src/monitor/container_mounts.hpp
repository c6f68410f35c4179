// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/mount.hpp"
#include "dropwarden/monitor/watched_mounts.hpp"
#include "dropwarden/mount/coverage.hpp"
#include "dropwarden/mount/host_mounts.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// The mounts that containers see, each from the mountinfo of its first process; read when they may have
// changed and not otherwise, and never held open: an open mountinfo keeps all mounts of the container alive.
// Loop's thread only.
class ContainerMounts {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ContainerMounts(privilege::Privilege& privilege) : privilege_(privilege) {}

  // A new reading of the host's table. What has come or gone below a mount that a container's mounts receive
  // propagation from is looked for in that container.
  void on_table(const std::vector<model::Mount>& table);
  void on_containers(const std::shared_ptr<const container::Snapshot>& snapshot);
  void set_options(const mount::JudgeOptions& options);
  // What can be seen of this container may have changed.
  void touch(const std::string& container, Clock::time_point when = {});

  struct Reading {
    std::string container;
    model::Pid init;
    std::vector<mount::JudgedMount> mounts;
  };
  // Reads the tables of at most `most` containers whose time has come.
  std::vector<Reading> read_due(Clock::time_point now, std::size_t most);
  // When `read_due` has more to do, if it has.
  std::optional<Clock::time_point> next_due() const;

  // Containers that have no process any more since the last call.
  std::vector<std::string> take_gone() { return std::exchange(gone_, {}); }
  const mount::HostMounts& host() const { return host_; }

 private:
  struct Known {
    model::Pid init;
    std::optional<Clock::time_point> due;
    int attempts = 0;                         // in vain, since the last reading
    std::unordered_set<std::string> masters;  // peer groups that its mounts receive propagation from
  };
  std::optional<Reading> read(const std::string& container, Known& known, Clock::time_point now);

  privilege::Privilege& privilege_;
  mount::HostMounts host_;
  mount::JudgeOptions options_;
  std::unordered_map<std::string, Known> known_;  // by container ID
  std::vector<std::string> gone_;
};

// What of the mounts is wanted, by the configuration.
mount::JudgeOptions judge_options(const config::Watch& watch);

// Not marked yet.
WatchedMount to_watched(const mount::JudgedMount& judged, const ContainerMounts::Reading& reading);

}  // namespace dropwarden::monitor
