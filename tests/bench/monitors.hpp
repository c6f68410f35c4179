// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace dropwarden::test {

// Where a monitor finds what it is to watch, and may put what it writes.
struct MonitoredPlace {
  std::string merged;   // mount point of the container's overlay
  std::string upper;    // its upper directory
  std::string scratch;  // an empty directory that the container does not see
};

// Something that watches a container while it works, for the length of this object. Its processes end with
// it.
class RunningMonitor {
 public:
  virtual ~RunningMonitor() = default;
  // Processor time so far of all its processes, and of kernel threads that work for it, in microseconds.
  // Settled: once it has worked off what was queued, or 20 s are over.
  virtual double settled_cpu() const = 0;
  // Its main process; 0 when there is none.
  virtual pid_t process() const = 0;
};

struct MonitorKind {
  std::string name;
  std::string program;  // what has to be installed; empty when nothing
  std::string note;     // how it is run, for a reader of the figures
  std::unique_ptr<RunningMonitor> (*start)(const MonitoredPlace& place);  // throws std::runtime_error
};

// In the order in which they are told: none, the bare reader, dropwarden, and what a user may run instead.
const std::vector<MonitorKind>& monitor_kinds();

// Why it cannot run here, as far as that is known before it is started.
std::optional<std::string> why_not(const MonitorKind& kind);

}  // namespace dropwarden::test
