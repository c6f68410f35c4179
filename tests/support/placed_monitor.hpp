// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "support/command.hpp"
#include "support/record_file.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

// `dropwarden run` that a service manager or a runtime starts and ends, in a mount namespace of its own. It
// asks the runtimes, and writes findings and log to files in a directory that it shares with the test.
class PlacedMonitor {
 public:
  // `directory` is empty and stays until after the destructor.
  PlacedMonitor(std::string directory, std::vector<RuntimeSocket> sockets);
  virtual ~PlacedMonitor() = default;
  PlacedMonitor(const PlacedMonitor&) = delete;
  PlacedMonitor& operator=(const PlacedMonitor&) = delete;

  RecordFile& findings() { return findings_; }
  std::string log() const;
  bool wait_for_log(const std::string& text, std::chrono::milliseconds limit) const;
  // Runs another verb where the monitor runs, to its end.
  virtual CommandResult run(const std::vector<std::string>& arguments) = 0;
  // What a verb says of it that asks the daemon, such as `containers --json`. Throws std::runtime_error when
  // it fails.
  std::string ask(std::vector<std::string> arguments);
  std::string containers() { return ask({"containers", "--json"}); }

 protected:
  const std::string& directory() const { return directory_; }
  const std::vector<RuntimeSocket>& sockets() const { return sockets_; }
  std::string findings_file() const { return directory_ + "/findings"; }
  std::string log_file() const { return directory_ + "/log"; }
  std::string configuration_file() const { return directory_ + "/dropwarden.yaml"; }
  // Runs it, for a shell.
  std::string shell_command() const;
  // Throws std::runtime_error, with the log, when the monitor is not ready within 30 s.
  void wait_until_ready() const;

 private:
  std::string directory_;
  std::vector<RuntimeSocket> sockets_;
  RecordFile findings_;
};

}  // namespace dropwarden::test
