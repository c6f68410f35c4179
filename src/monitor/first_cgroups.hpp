// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/container/registry.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::monitor {

// The cgroups that the first processes of containers are in. A name proves nothing by itself: whoever has a
// cgroup of his own, as each user of the host below user.slice, may call one below it as a runtime would. So
// a process is of the container that its cgroup names where it is in the very one that has the first process.
// Loop's thread only.
class FirstCgroups {
 public:
  explicit FirstCgroups(privilege::Privilege& privilege) : privilege_(privilege) {}

  void on_containers(std::shared_ptr<const container::Snapshot> snapshot);

  // Whether `owner`, of any process, is the cgroup of the container's first process. Nothing where that is
  // not known: nobody has told of such a process, it had ended before it was asked for the first time, or is
  // in no cgroup of the container's name. Asks once for each first process that is in one.
  std::optional<bool> has_first(const container::CgroupOwner& owner) const;
  // The same as yes or no: what is not known is believed of a name that no user can have given.
  bool believes(const container::CgroupOwner& owner) const;

 private:
  struct Known {
    model::Pid init;
    std::string path;  // CgroupOwner::path; that of the container's former process until one is read
  };
  void learn(const model::Container& container) const;

  privilege::Privilege& privilege_;
  std::shared_ptr<const container::Snapshot> snapshot_ = std::make_shared<const container::Snapshot>();
  mutable std::unordered_map<std::string, Known> known_;  // by container ID
};

}  // namespace dropwarden::monitor
