// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "dropwarden/container/cgroup_path.hpp"
#include "dropwarden/container/process_scan.hpp"
#include "dropwarden/model/ids.hpp"

namespace dropwarden::monitor {

// A mount namespace that a container has beside that of its first process: it made one (`unshare -m`), or
// runs containers itself.
struct NestedNamespace {
  model::ContainerId container;
  std::string name_space;  // `mnt:[4026532345]`, as /proc/PID/ns/mnt names it
  model::Pid process;      // one that is in it
  bool is_jailed = false;  // which sees only what lies below a root of its own (chroot(2))

  friend bool operator==(const NestedNamespace&, const NestedNamespace&) = default;
};

// Finds the mount namespaces of containers, in steps, by one link of each process (about 2 µs); a process in
// a namespace that is not known costs its cgroup as well. Whose it is says the outermost owner of the cgroup,
// which the container cannot forge, if it is believed: any user of the host has mount namespaces, and may
// name a cgroup. A container whose user named the cgroup (`ctr run … NAME`) has none here.
class NamespaceScan {
 public:
  // FirstCgroups::believes.
  using Believes = std::function<bool(const container::CgroupOwner&)>;
  // `known` are the namespaces that are nobody's find: of the host, and of the first processes. `enclosing`:
  // `container::trusted_owner`.
  NamespaceScan(container::ProcessReader reader, std::unordered_set<std::string> known,
                std::vector<container::CgroupOwner> enclosing, Believes believes)
      : reader_(std::move(reader)),
        known_(std::move(known)),
        enclosing_(std::move(enclosing)),
        believes_(std::move(believes)) {}

  // Looks at `count` more processes; false when there are none left, or they could not be listed.
  bool step(std::size_t count);
  // One process, listed or not.
  void look_at(model::Pid pid);

  // Of each namespace the process that was seen first, of those that are not jailed where there are some.
  // Call once.
  std::vector<NestedNamespace> take_found();

 private:
  container::ProcessReader reader_;
  std::unordered_set<std::string> known_;
  std::vector<container::CgroupOwner> enclosing_;
  Believes believes_;
  bool is_listed_ = false;
  std::vector<model::Pid> pids_;
  std::size_t next_ = 0;
  std::unordered_map<std::string, NestedNamespace> found_;  // by namespace and container
};

}  // namespace dropwarden::monitor
