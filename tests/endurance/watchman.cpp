// SPDX-License-Identifier: Apache-2.0
#include "watchman.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

#include "dropwarden/sys/file.hpp"

#include "support/process_family.hpp"
#include "support/process_holdings.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

std::size_t count_mounts() {
  const auto table = sys::read_file("/proc/self/mountinfo", std::size_t{64} << 20U).value_or("");
  return static_cast<std::size_t>(std::ranges::count(table, '\n'));
}

}  // namespace

Watchman::Watchman(std::string directory, const std::string& store_directory, RuntimeSocket socket)
    : directory_(std::move(directory)), store_(store_directory + "/state.db"), socket_(std::move(socket)) {}

void Watchman::look(Plants& plants) {
  if (daemon_) {
    take_in(plants);
    if (daemon_->is_running()) return;
    // What it wrote until it ended.
    take_in(plants);
    if (!std::exchange(is_end_expected_, false)) {
      ++unexpected_ends_;
      std::cout << "the monitor ended by itself:\n" << daemon_->log() << std::endl;
    }
  }
  start();
}

// A directory for each, as findings and log are appended to.
void Watchman::start() {
  const auto directory = directory_ + "/" + std::to_string(++starts_);
  fs::create_directory(directory);
  daemon_.reset();
  records_taken_ = 0;
  is_end_expected_ = false;
  // Of the store, which stands before it: as much as there is room for on its file system.
  const std::string settings = "  max_size: 12MiB\nscan:\n  interval: 10s\nwatch:\n  canary: 5s\n";
  daemon_ =
      std::make_unique<Daemon>(directory, std::vector{socket_}, std::vector<std::string>{}, settings, store_);
  if (cgroup_.empty()) return;
  for (const pid_t pid : family()) std::ofstream(cgroup_ + "/cgroup.procs") << pid << std::flush;
}

void Watchman::take_in(Plants& plants) {
  const auto& records = daemon_->records();
  plants.see({records.begin() + static_cast<std::ptrdiff_t>(records_taken_), records.end()});
  records_taken_ = records.size();
}

std::vector<pid_t> Watchman::family() const {
  return read_family(daemon_->pid());
}

Holdings Watchman::holdings() const {
  Holdings holdings{.mounts = count_mounts()};
  for (const pid_t pid : family()) {
    holdings.anonymous_kib += anonymous_memory(pid) / 1024;
    holdings.descriptors += count_descriptors(pid);
    holdings.threads += count_threads(pid);
    holdings.marks += count_marks(pid);
  }
  return holdings;
}

bool Watchman::stop(Plants& plants) {
  expect_end();
  const bool is_success = daemon_->stop().is_success();
  take_in(plants);
  const auto ledger = daemon_->ledger();
  const auto balanced = ledger.find("balanced");
  const bool is_balanced = balanced != ledger.end() && balanced->second == 1;
  if (!is_success || !is_balanced) std::cout << "a bad end:\n" << daemon_->log() << std::endl;
  return is_success && is_balanced;
}

}  // namespace dropwarden::test
