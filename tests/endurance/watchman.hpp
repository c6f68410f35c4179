// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "holdings.hpp"
#include "memory_cgroup.hpp"
#include "plants.hpp"
#include "support/daemon.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {

// The monitor, and what a service manager would do for it: starts it again whenever it has ended, with the
// same database. One thread.
class Watchman {
 public:
  // `directory` is empty and stays. The database lies in `store_directory`.
  Watchman(std::string directory, const std::string& store_directory, RuntimeSocket socket);

  // Starts the next one where the last has ended; takes new findings in.
  void look(Plants& plants);

  Daemon& daemon() { return *daemon_; }
  std::vector<pid_t> family() const;
  Holdings holdings() const;
  // Kills its `marker` or `monitor`, and waits until there is another. Throws when there is none.
  void replace(const std::string& part) const;
  // SIGTERM. Whether it ended with status 0 and its ledger balanced; the next `look` starts another.
  bool stop(Plants& plants);

  std::size_t starts() const { return starts_; }
  // Whether one has ended that nobody had asked to: not by `expect_end`.
  std::size_t unexpected_ends() const { return unexpected_ends_; }
  void expect_end() { is_end_expected_ = true; }
  void expect_no_end() { is_end_expected_ = false; }
  // In which each of its processes is to be.
  void set_cgroup(MemoryCgroup cgroup) { cgroup_ = std::move(cgroup); }

 private:
  void start();
  void start_daemon(const std::string& directory);
  void take_in(Plants& plants);

  std::string directory_;
  std::string store_;
  RuntimeSocket socket_;
  std::optional<MemoryCgroup> cgroup_;
  std::unique_ptr<Daemon> daemon_;
  std::size_t starts_ = 0;
  std::size_t unexpected_ends_ = 0;
  std::size_t records_taken_ = 0;  // of this daemon
  bool is_end_expected_ = false;
};

}  // namespace dropwarden::test
