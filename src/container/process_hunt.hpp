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
  explicit ProcessHunt(ProcessReader reader) : reader_(std::move(reader)) {}

  // The containers whose first process, 1 in a pid namespace of its own, is there since the last call.
  // Nothing at the first one.
  sys::Result<std::vector<ProcessGroup>> look();

 private:
  // After that many looks a process will not become a container's any more.
  static constexpr int most_looks = 50;

  ProcessReader reader_;
  bool has_begun_ = false;
  std::unordered_map<model::Pid, int> looks_;  // of all that are there; `most_looks` for those from before
};

}  // namespace dropwarden::container
