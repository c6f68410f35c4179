// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dropwarden/container/observer.hpp"
#include "dropwarden/model/container.hpp"

namespace dropwarden::container {

// All containers known at one moment. Immutable once published.
struct Snapshot {
  std::unordered_map<std::string, model::Container> containers;  // by id
  std::vector<SourceState> sources;

  // Nothing when `id` is unknown. The pointer lives as long as the snapshot.
  const model::Container* find(const model::ContainerId& id) const;
};

// What every source says, merged by container ID: the same container told by two sources (containerd's CRI and its events,
// docker and its containerd) is one, and a field that one source knows is not erased by another that does not. A
// container that ended is kept for a while, since its last findings may still be on their way. Loop's thread
// only; the snapshots it publishes may go anywhere.
class Registry final : public Observer {
 public:
  // `on_change` is called after each change of the containers, with the new snapshot.
  using OnChange = std::function<void(const std::shared_ptr<const Snapshot>&)>;
  explicit Registry(OnChange on_change = {});

  void on_list(const std::string& source, std::vector<model::Container> containers) override;
  void on_container(const std::string& source, model::Container container) override;
  void on_gone(const std::string& source, const model::ContainerId& id) override;
  void on_state(const SourceState& state) override;

  std::shared_ptr<const Snapshot> snapshot() const { return snapshot_; }

 private:
  void publish();

  OnChange on_change_;
  // source -> id -> what that source said last
  std::map<std::string, std::unordered_map<std::string, model::Container>> by_source_;
  std::vector<SourceState> sources_;
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace dropwarden::container
