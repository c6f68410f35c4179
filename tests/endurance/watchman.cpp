// SPDX-License-Identifier: Apache-2.0
#include "watchman.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <utility>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/process_family.hpp"
#include "support/process_holdings.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

// The fifth field of each line (proc_pid_mountinfo(5)).
std::vector<std::string> read_mount_points() {
  const auto table = sys::read_file("/proc/self/mountinfo", std::size_t{64} << 20U).value_or("");
  std::vector<std::string> points;
  for (const auto line : util::split(table, '\n'))
    if (const auto fields = util::split(line, ' '); fields.size() > 4) points.emplace_back(fields[4]);
  std::ranges::sort(points);
  return points;
}

Held read_held(pid_t pid) {
  if (pid == 0) return {};
  return {.pid = pid,
          .anonymous_kib = anonymous_memory(pid) / 1024,
          .descriptors = count_descriptors(pid),
          .threads = count_threads(pid),
          .marks = count_marks(pid)};
}

// Of the supervisor, before it starts a part again (daemon::Backoff), and as much again.
constexpr std::chrono::seconds longest_pause{60};

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
  if (!cgroup_) return start_daemon(directory);
  cgroup_->enter();
  try {
    start_daemon(directory);
  } catch (...) {
    cgroup_->leave();
    throw;
  }
  cgroup_->leave();
}

void Watchman::start_daemon(const std::string& directory) {
  // Of the store, which stands before it: as much as there is room for on its file system.
  const std::string settings = "  max_size: 12MiB\nscan:\n  interval: 10s\nwatch:\n  canary: 5s\n";
  daemon_ =
      std::make_unique<Daemon>(directory, std::vector{socket_}, std::vector<std::string>{}, settings, store_);
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
  return {.supervisor = read_held(daemon_->pid()),
          .monitor = read_held(daemon_->part("monitor")),
          .marker = read_held(daemon_->part("marker")),
          .mounts = read_mount_points()};
}

void Watchman::replace(const std::string& part) const {
  pid_t before = 0;
  const auto find = [&](pid_t unwanted) {
    return [&, unwanted] { return (before = daemon_->part(part)) != 0 && before != unwanted; };
  };
  if (!wait_for(find(0), longest_pause)) throw std::runtime_error("there is no " + part);
  const pid_t killed = before;
  if (::kill(killed, SIGKILL) != 0) throw sys::SystemError(sys::last_error("kill", part));
  if (!wait_for(find(killed), longest_pause)) throw std::runtime_error("no " + part + " follows a dead one");
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
