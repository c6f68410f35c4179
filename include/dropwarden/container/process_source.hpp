// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "dropwarden/container/observer.hpp"
#include "dropwarden/container/process_scan.hpp"
#include "dropwarden/container/source.hpp"

namespace dropwarden::container {

struct ProcessSourceOptions {
  ScanLimits limits;
  std::size_t processes_per_turn = 128;  // looked at before the loop does something else
  // When to look after a call of `rescan`, ascending: a container's first process comes 50 to 350 ms after
  // its overlay was mounted (runc and crun under containerd, podman, dockerd), later on a busy machine.
  std::vector<std::chrono::milliseconds> rescan_after{
      std::chrono::milliseconds(100), std::chrono::milliseconds(500), std::chrono::milliseconds(2000)};
  // How often `hunt` looks, and that is with a tenth of a processor at most.
  std::chrono::milliseconds hunt_every{10};
};

// The containers that run here by their processes alone: with no runtime to ask, and before a runtime
// answers. Says only what the cgroup tells (ID, runtime, pod UID) and the init, with Metadata::none. What
// /proc does not let it see becomes SourceState::problem.
class ProcessSource final : public Source {
 public:
  static constexpr const char* name = "processes";

  // `observer` must outlive the source.
  ProcessSource(boost::asio::io_context& loop, ProcessReader reader, Observer& observer,
                ProcessSourceOptions options = {});
  ~ProcessSource() override;
  ProcessSource(const ProcessSource&) = delete;
  ProcessSource& operator=(const ProcessSource&) = delete;

  void start() override;
  void stop() override;

  // Looks very often, and only at what has come since, for the first processes of containers that are being
  // started: as long as `is_wanted`, which says so until the process is known or is not to be expected any
  // more. One hunt at a time: a call while there is one does nothing.
  void hunt(std::function<bool()> is_wanted);

  // Looks again, soon and a few times more. Cheap to call: calls that come before the next look are one.
  void rescan();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dropwarden::container
