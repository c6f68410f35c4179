// SPDX-License-Identifier: Apache-2.0
#include "watchman.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

#include "support/process_family.hpp"

namespace dropwarden::test {
namespace {

namespace fs = std::filesystem;

std::string slurp(const std::string& path) {
  return sys::read_file(path, std::size_t{64} << 20U).value_or("");
}

std::size_t count_entries(const std::string& directory) {
  std::error_code gone;
  std::size_t count = 0;
  for (fs::directory_iterator at(directory, gone), end; !gone && at != end; at.increment(gone)) ++count;
  return count;
}

std::size_t count_of(std::string_view needle, std::string_view text) {
  std::size_t count = 0;
  for (auto at = text.find(needle); at != std::string_view::npos; at = text.find(needle, at + 1)) ++count;
  return count;
}

std::uint64_t anonymous_kib_of(const std::string& process) {
  const auto status = slurp(process + "/status");
  const auto at = status.find("RssAnon:");
  if (at == std::string::npos) return 0;
  auto rest = util::trim(std::string_view(status).substr(at + 8));
  return util::parse_number<std::uint64_t>(util::take_until(rest, ' ')).value_or(0);
}

std::size_t marks_of(const std::string& process) {
  std::error_code gone;
  std::size_t count = 0;
  for (fs::directory_iterator at(process + "/fdinfo", gone), end; !gone && at != end; at.increment(gone))
    count += count_of("fanotify sdev:", slurp(at->path())) + count_of("fanotify mnt_id:", slurp(at->path()));
  return count;
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
  daemon_ = std::make_unique<Daemon>(directory, std::vector{socket_}, std::vector<std::string>{},
                                     "scan:\n  interval: 10s\nwatch:\n  canary: 5s\n", store_);
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
  Holdings holdings{.mounts = count_of("\n", slurp("/proc/self/mountinfo"))};
  for (const pid_t pid : family()) {
    const auto process = "/proc/" + std::to_string(pid);
    holdings.anonymous_kib += anonymous_kib_of(process);
    holdings.descriptors += count_entries(process + "/fd");
    holdings.threads += count_entries(process + "/task");
    holdings.marks += marks_of(process);
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
