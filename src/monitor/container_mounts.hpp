// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
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

#include "fair_turns.hpp"
#include "namespace_scan.hpp"

namespace dropwarden::monitor {

// The mounts that containers see, each from the mountinfo of a process: the first one, and one for each other
// mount namespace that the container has. Read when they may have changed, and never held open: an open
// mountinfo keeps all mounts of the container alive. Loop's thread only.
class ContainerMounts {
 public:
  using Clock = std::chrono::steady_clock;
  // Asks to be told, by `on_mounted`, of what is mounted in the namespace of this process from now on. False
  // where the kernel cannot: then `poll` has to find it.
  using WatchNamespace = std::function<bool(model::Pid)>;

  // Is told of the overlay that the first process of a container has as its root, each time that is read.
  using OnRoot = std::function<void(const std::string& container, const model::Device&, Clock::time_point)>;

  explicit ContainerMounts(privilege::Privilege& privilege);
  void set_watch_namespace(WatchNamespace watch) { watch_namespace_ = std::move(watch); }
  void set_on_root(OnRoot on_root) { on_root_ = std::move(on_root); }

  // A new reading of the host's table. What has come or gone below a mount that a container's mounts receive
  // propagation from is looked for in that container.
  void on_table(const std::vector<model::Mount>& table);
  void on_containers(const std::shared_ptr<const container::Snapshot>& snapshot);
  void set_options(const mount::JudgeOptions& options);
  // Something was mounted, moved or unmounted in a namespace that is watched, by these processes; by anybody
  // when there are none. A container whose namespace the process is in is read; one that cannot be told may
  // have been any.
  void on_mounted(const std::vector<model::Pid>& mounters, Clock::time_point now);
  // Nothing will be told of namespaces that were watched: they are polled from now on.
  void forget_watched();
  // All namespaces that were found: what was known and is not among them is gone.
  void on_nested(const std::vector<NestedNamespace>& found, Clock::time_point now);
  // One in which a process executes a program. Whether there is something new to read.
  bool add_nested(const NestedNamespace& nested, Clock::time_point now);
  // Looks again at those of whom nothing tells.
  void poll(Clock::time_point now);
  bool is_empty() const { return views_.empty(); }
  // What can be seen under this key may have changed.
  void touch(const std::string& key, Clock::time_point when = {});

  struct Reading {
    std::string key;  // a container's ID, or, for another namespace than the first process's, that and more
    std::string container;
    model::Pid process;
    bool is_nested = false;  // of another namespace than the first process's
    bool is_polled = false;  // nothing tells of its changes
    std::vector<mount::JudgedMount> mounts;
  };
  // Reads at most `most` tables whose time has come, in turns by container (`FairTurns`).
  std::vector<Reading> read_due(Clock::time_point now, std::size_t most);
  // Whether that looked at one of whom nothing tells, in vain or not.
  bool has_polled() const { return has_polled_; }
  // Containers of which one has waited for seconds and was left to wait, each again after as long.
  std::unordered_set<std::string> take_overdue() { return std::exchange(overdue_, {}); }
  // When `read_due` has more to do, if it has; at once, if `take_gone` has.
  std::optional<Clock::time_point> next_due() const;

  // Keys that are no more since the last call.
  std::vector<std::string> take_gone() { return std::exchange(gone_, {}); }
  const mount::HostMounts& host() const { return host_; }
  // The host's, and those of the first processes as far as they were read, as /proc/PID/ns/mnt names them;
  // without those that nobody shows who sees all of them.
  const std::unordered_set<std::string>& name_spaces() const;

 private:
  // What a process shows.
  struct View {
    std::string container;
    model::Pid process;
    model::Pid init = {};  // the first process, in its view; another shows its mounts where it is jailed
    bool is_nested = false;
    bool is_jailed = false;       // who shows it sees only what lies below a root of its own
    std::string name_space = {};  // `mnt:[…]`; empty until read, or where it cannot be
    bool is_watched = false;      // a change is told by `on_mounted`
    bool is_doubted = false;      // its namespace may be another one, which has the same number
    model::Pid other = {};        // that was seen in it since
    std::optional<Clock::time_point> due = std::nullopt;
    std::optional<Clock::time_point> waits_since = std::nullopt;  // set where it is due and was not read
    Clock::time_point told_at = {};                               // that it waits
    Clock::time_point read_at = {};
    std::optional<std::uint64_t> start_time = std::nullopt;  // of a first process, once it was read
    int attempts = 0;                                        // in vain, since the last reading
    std::unordered_set<std::string> masters = {};  // peer groups that its mounts receive propagation from
    std::size_t nested = 0;    // other namespaces of its container, in a first process's view
    std::size_t left_out = 0;  // and those that are not looked into
    std::optional<model::Device> root = std::nullopt;  // that it has, as far as that is known
  };
  static std::string key_of(const NestedNamespace& nested) {
    return nested.container.value + " " + nested.name_space;
  }
  bool is_of_first(const NestedNamespace& nested) const;
  void on_seen(View& view, const NestedNamespace& nested, Clock::time_point now);
  void adopt(View& view, model::Pid process, Clock::time_point now);
  bool is_in(model::Pid process, const std::string& name_space);
  bool has_left(const View& first);
  void ask_other(View& view);
  using Entry = std::pair<const std::string, View>;
  std::vector<Entry*> take_turns(Clock::time_point now, std::size_t most);
  void tell_overdue(View& view, Clock::time_point now);
  void watch(View& view);
  bool is_another(View& view);
  void set_jailed(View& view, bool is_jailed);
  std::optional<Reading> read(const std::string& key, View& view, Clock::time_point now);
  std::optional<std::vector<mount::JudgedMount>> judge(View& view, const std::vector<model::Mount>& table,
                                                       Clock::time_point now);
  void tell_root(const View& view, const std::vector<model::Mount>& table, Clock::time_point now) const;
  void look_soon(View& view, Clock::time_point now, Clock::duration pause);

  privilege::Privilege& privilege_;
  std::unordered_set<std::string> host_name_spaces_;  // and our own, if it is another
  WatchNamespace watch_namespace_;
  OnRoot on_root_;
  mount::HostMounts host_;
  mount::JudgeOptions options_;
  std::unordered_map<std::string, View> views_;  // by key
  // `name_spaces`, made anew where the views have changed: it is asked for each execution.
  mutable std::optional<std::unordered_set<std::string>> known_;
  FairTurns turns_;
  bool has_polled_ = false;
  std::unordered_set<std::string> overdue_;
  std::vector<std::string> gone_;
};

// What of the mounts is wanted, by the configuration.
mount::JudgeOptions judge_options(const config::Watch& watch);

// Not marked yet.
WatchedMount to_watched(const mount::JudgedMount& judged, const ContainerMounts::Reading& reading);

}  // namespace dropwarden::monitor
