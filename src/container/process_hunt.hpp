// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "dropwarden/container/process_scan.hpp"
#include "dropwarden/model/ids.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::container {

// Finds the first processes of containers that are being started: before their first instruction, if it is
// asked often enough, since a runtime makes the process some 10 to 100 ms earlier and moves it into its
// cgroup. Looks only at processes that have come since the first call, and at each of these a limited number
// of times.
class ProcessHunt {
 public:
  // `told`: of which containers the first process has been told. Outlives this, and is the caller's to keep.
  ProcessHunt(ProcessReader reader, const ProcessGroups& told) : reader_(std::move(reader)), told_(told) {}

  // The containers whose first process, 1 in a pid namespace of its own, is there since the last call.
  // Nothing at the first one. Of a container that was told only where it takes the place of that process, by
  // the rules of ProcessScan.
  sys::Result<std::vector<ProcessGroup>> look();
  // Whether there was such a process at the last look.
  bool has_seen(model::Pid pid) const { return looks_.contains(pid); }

 private:
  sys::Result<std::vector<ProcessGroup>> look_at(std::vector<model::Pid> pids) const;
  bool is_new(const ProcessGroup& found) const;

  // After that many looks a process will not become a container's any more.
  static constexpr int most_looks = 50;

  ProcessReader reader_;
  const ProcessGroups& told_;
  bool has_begun_ = false;
  std::unordered_map<model::Pid, int> looks_;  // of all that are there; `most_looks` for those from before
};

}  // namespace dropwarden::container
