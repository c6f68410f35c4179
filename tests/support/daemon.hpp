// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/command.hpp"
#include "support/record_file.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

// Lets everybody pass `directory` and those above it: the monitor is another user, and its database is below.
void let_through(std::filesystem::path directory);

// A configuration that asks these runtimes, prints findings natively, logs all, and has its control socket in
// `directory`, as well as its database, unless that is `store`. `outputs` are lines of further ones.
std::string make_configuration(const std::string& directory, const std::vector<RuntimeSocket>& sockets,
                               const std::string& store = {}, const std::string& outputs = {});

// The child of `supervisor`, a running dropwarden, that is its `marker` or `monitor`; 0 when there is none
// now.
pid_t part_of(pid_t supervisor, const std::string& name);

// `dropwarden run` with a configuration of its own, ready once the constructor has returned. Findings and log
// go to files, so that nothing waits for the test to read them. One thread.
class Daemon {
 public:
  // `directory` is empty and stays until after the destructor. Throws std::runtime_error, with the log, when
  // the daemon ends or is not ready within 20 s. `options` are further ones of the command line,
  // `more_configuration` is appended to the configuration, and `store` is as of make_configuration.
  Daemon(const std::string& directory, const std::vector<RuntimeSocket>& sockets,
         const std::vector<std::string>& options = {}, const std::string& more_configuration = {},
         const std::string& store = {}, const std::string& outputs = {});
  ~Daemon();

  // As RecordFile has them.
  const std::vector<Record>& records() { return records_.all(); }
  std::optional<Record> wait_for_record(const RecordPredicate& is_wanted, std::chrono::milliseconds limit) {
    return records_.wait_for(is_wanted, limit);
  }
  std::set<std::string> finding_ids(const std::string& container_id) { return records_.ids(container_id); }

  // What `containers --json` prints.
  std::string report() const;
  // The first process of a container, which is known within 10 s; 0 when not.
  int init_of(const std::string& container_id) const;

  std::string log() const;
  bool wait_for_log(const std::string& text, std::chrono::milliseconds limit) const;

  const std::string& configuration_file() const { return configuration_file_; }
  bool is_running() { return process_->is_running(); }
  pid_t pid() const { return process_->pid(); }
  // To the supervisor, which the others do not outlive.
  void send(int signal) const { process_->send(signal); }
  // As part_of.
  pid_t part(const std::string& name) const { return part_of(pid(), name); }
  // To that process. Throws when there is none now.
  void send(const std::string& name, int signal) const;

  // SIGTERM; how it ended within 10 s, else it is killed.
  ExitStatus stop();
  // `received=…` and the rest of the line that it logs at its end, by name; `balanced` is 1 or 0. Empty
  // before.
  std::map<std::string, std::uint64_t> ledger() const;

 private:
  RecordFile records_;
  std::string log_file_;
  std::string configuration_file_;
  std::unique_ptr<ChildProcess> process_;
};

// Path of the built program.
std::string dropwarden_binary();

// Runs the built program with another verb, to its end.
CommandResult run_dropwarden(const std::vector<std::string>& arguments);

}  // namespace dropwarden::test
