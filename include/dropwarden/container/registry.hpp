// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dropwarden/container/observer.hpp"
#include "dropwarden/model/container.hpp"

namespace dropwarden::container {

// All containers known at one moment. Immutable once published.
struct Snapshot {
  // By id. Shared between snapshots: one changes, the others are not copied.
  std::unordered_map<std::string, std::shared_ptr<const model::Container>> containers;
  std::vector<SourceState> sources;
  std::unordered_set<std::string> told;  // ids that a runtime knows now, however little it says of them

  // Nothing when `id` is unknown. The pointer lives as long as the snapshot.
  const model::Container* find(const model::ContainerId& id) const;
  // How many have not ended, sandboxes of pods left out.
  std::size_t count_running() const;
};

struct RegistryOptions {
  std::chrono::steady_clock::duration keep_ended = std::chrono::seconds(60);
  std::size_t most_ended = 4096;  // kept at once; the one that ended first makes room
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  // Calls what it is given at the end of the turn: what many say in one is then published once. Where there
  // is none, each change is published before the call that tells of it returns.
  std::function<void(std::function<void()>)> defer{};
  // A container of which no runtime has told the end is known by its processes alone from now on: whether it
  // still has any, /proc is to be asked soon.
  std::function<void()> on_doubt{};
};

// What every source says, merged by container ID: the same container told by two sources (containerd's CRI
// and its events, docker and its containerd) is one.
//
// Field by field, the source with the better metadata (complete before pending before none) wins, among
// equals a runtime before /proc, where anybody may have named a cgroup, then the one that spoke last; a field
// that it leaves empty comes from the next, or from what was known before, so that nothing is forgotten while
// the container lives. Three fields differ: the state is what a runtime said last (what others said, only
// while none has),`is_sandbox` is true once any source says so, and a container that exited has no init,
// since its pid may be another process by now.
//
// A container that no source knows any more has ended: it stays for `keep_ended` with the state exited, since
// its last findings may still be on their way. A source that loses its connection keeps what it said. Once a
// runtime has told its end, its processes make it run no more, those that were seen and those that are still
// told, until a runtime says that it does.
//
// Loop's thread only; the snapshots it publishes may go anywhere.
class Registry final : public Observer {
 public:
  // Called after a change of the containers or of a source's state, with the new snapshot: whether a
  // runtime answers decides how long a finding waits for names. May ask this registry for its snapshot, must
  // not tell it anything.
  using OnChange = std::function<void(const std::shared_ptr<const Snapshot>&)>;
  explicit Registry(OnChange on_change = {}, RegistryOptions options = {});

  void on_list(const std::string& source, std::vector<model::Container> containers) override;
  void on_container(const std::string& source, model::Container container) override;
  void on_gone(const std::string& source, const model::ContainerId& id) override;
  void on_state(const SourceState& said) override;

  // Forgets the sources that are not among `names`, and what they said: they were taken out of the
  // configuration.
  void retain_sources(const std::vector<std::string>& names);
  // What has changed, where that is put off: now.
  void publish_due();
  // Forgets the containers whose time is over. Every call of the observer does so too; for a timer, where
  // nothing happens for long.
  void forget_ended();

  std::shared_ptr<const Snapshot> snapshot() const { return snapshot_; }

 private:
  struct Claim {
    model::Container container;
    bool is_told = false;     // by a runtime
    std::uint64_t order = 0;  // the greater, the later
  };
  struct Entry {
    std::map<std::string, Claim> claims;  // by source
    std::optional<std::chrono::steady_clock::time_point> ended;
    bool is_over = false;  // a runtime has told its end
    std::shared_ptr<const model::Container> merged = std::make_shared<model::Container>();
  };

  // Each returns whether a container has changed.
  bool claim(const std::string& source, model::Container container);
  bool withdraw(const std::string& source, Entry& entry);
  bool update(Entry& entry);
  bool drop_ended();
  void publish_if(bool has_changed);
  void publish();

  OnChange on_change_;
  RegistryOptions options_;
  std::unordered_map<std::string, Entry> entries_;  // by id
  std::vector<SourceState> sources_;
  std::uint64_t order_ = 0;
  bool is_due_ = false;
  std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<Snapshot>();
};

}  // namespace dropwarden::container
