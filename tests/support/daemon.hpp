// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "support/child_process.hpp"
#include "support/command.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

// `dropwarden run` with a configuration of its own: it is ready (says so in its log) when the constructor has
// returned. Findings go to a file, so that nothing waits for the test to read them.
class Daemon {
 public:
  using Record = boost::json::object;
  using Predicate = std::function<bool(const Record&)>;

  // `directory` is empty and stays until after the destructor. Throws std::runtime_error, with the log, when
  // the daemon ends or is not ready within 20 s.
  Daemon(const std::string& directory, const std::vector<RuntimeSocket>& sockets);
  ~Daemon();

  // All records so far, in their order. Throws on a line that is not a JSON object.
  std::vector<Record> records() const;
  // The first record that `is_wanted` holds for; nothing when none came within `limit`.
  std::optional<Record> wait_for_record(const Predicate& is_wanted, std::chrono::milliseconds limit) const;
  // Identifiers of all findings so far.
  std::set<std::string> finding_ids() const;

  std::string log() const;
  bool wait_for_log(const std::string& text, std::chrono::milliseconds limit) const;

  const std::string& configuration_file() const { return configuration_file_; }
  bool is_running() { return process_->is_running(); }
  void send(int signal) const { process_->send(signal); }

  // SIGTERM; how it ended within 10 s, else it is killed.
  ExitStatus stop();

 private:
  std::string output_file_;
  std::string log_file_;
  std::string configuration_file_;
  std::unique_ptr<ChildProcess> process_;
};

// The built program, and another verb of it.
std::string daemon_binary();
CommandResult run_verb(const std::vector<std::string>& arguments);

}  // namespace dropwarden::test
