// SPDX-License-Identifier: Apache-2.0
#include "soak.hpp"

#include <algorithm>
#include <iostream>
#include <thread>

#include <fmt/format.h>

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_containers = 6;
constexpr auto between_disturbances = 15s;
constexpr auto between_steps = 1s;
constexpr auto between_lines = 30s;
constexpr auto longest_settling = 10min;
// Containers that have gone were waited for: what is still on its way is printed soon.
constexpr auto longest_telling = 1min;
constexpr std::size_t last_bytes = std::size_t{32} << 10U;
// The first part has time for each disturbance twice over, on a machine whose processor is emulated as well.
constexpr auto long_enough = 30min;

// Those that are not in `left_out`, and deadly ones only where wanted.
std::vector<Disturbance> choose(bool with_deadly, const std::vector<Disturbance>& left_out = {}) {
  std::vector<Disturbance> chosen;
  for (const Disturbance one : all_disturbances)
    if ((with_deadly || !is_deadly(one)) && std::ranges::find(left_out, one) == left_out.end())
      chosen.push_back(one);
  return chosen;
}

// Of one that is missing.
std::string reason_of(const Account& account) {
  if (!account.missing.empty()) return "  missing: " + account.missing;
  return account.made == 0 ? "  missing: there was no time for it" : "";
}

}  // namespace

std::vector<std::string> Soak::run(std::chrono::minutes length) {
  start_ = printed_ = Clock::now();
  watchman_.look(plants_);
  const Clock::duration part = Clock::duration(length) / 5;
  live(part * 2, choose(true));
  settle();
  if (!watchman_.stop(plants_)) faults_.emplace_back("the ledger after the first part does not balance");
  watchman_.look(plants_);
  const auto ends = watchman_.unexpected_ends();
  const auto starts = watchman_.starts();
  live_calmly(part);
  settle();
  const Holdings earlier = watchman_.holdings();
  disturbances_.begin_between();
  live_calmly(part * 2);
  settle();
  const Holdings later = watchman_.holdings();
  if (watchman_.starts() != starts)
    faults_.emplace_back("the monitor was started again though nothing killed it");
  if (ends != 0) faults_.push_back(fmt::format("the monitor ended {} times by itself", ends));
  if (!watchman_.stop(plants_)) faults_.emplace_back("the ledger at the end does not balance");
  for (auto& fault : growth(earlier, later)) faults_.push_back(std::move(fault));
  if (length >= long_enough)
    for (auto& fault : not_made(disturbances_.accounts())) faults_.push_back(std::move(fault));
  const auto untold = plants_.faults();
  if (!untold.empty()) {
    const auto log = watchman_.daemon().log();
    std::cout << "the monitor's log ends so:\n"
              << log.substr(log.size() - std::min(log.size(), last_bytes)) << '\n';
  }
  faults_.insert(faults_.end(), untold.begin(), untold.end());
  print_state(true);
  print_disturbances();
  print_holdings(earlier, later);
  return faults_;
}

// Markers die in the first half: what the others keep of them is still held at the end, and the last one has
// half of the time to grow in.
void Soak::live_calmly(Clock::duration length) {
  disturbances_.start_over(Disturbance::kill_marker);
  live(length / 2, choose(false));
  live(length / 2, choose(false, {Disturbance::kill_marker}));
}

void Soak::live(Clock::duration length, const std::vector<Disturbance>& wanted) {
  const auto end = Clock::now() + length;
  auto next_disturbance = Clock::now() + between_disturbances;
  while (Clock::now() < end) {
    look();
    try {
      churn_.step(most_containers);
      if (Clock::now() < next_disturbance) continue;
      disturbances_.make_one(wanted);
    } catch (const std::exception& error) {
      faults_.emplace_back(error.what());
    }
    next_disturbance = Clock::now() + between_disturbances;
  }
}

// All containers gone, all of them told, and no mount desynced.
void Soak::settle() {
  try {
    churn_.drain([this] { look(); });
  } catch (const std::exception& error) {
    faults_.emplace_back(error.what());
  }
  const auto end = Clock::now() + longest_telling;
  while (plants_.seen() < plants_.planted() && Clock::now() < end) look();
  // What is released in the background, and what is still queued, which holds its mount and so a mark.
  auto calm_since = Clock::now();
  const auto latest = calm_since + longest_settling;
  for (auto marks = watchman_.holdings().monitor.marks;
       Clock::now() - calm_since < 10s && Clock::now() < latest;) {
    look();
    const auto left = watchman_.holdings().monitor.marks;
    if (left != marks) calm_since = Clock::now();
    marks = left;
  }
}

void Soak::look() {
  std::this_thread::sleep_for(between_steps / 4);
  watchman_.look(plants_);
  print_state(false);
}

void Soak::print_state(bool is_due) {
  if (!is_due && Clock::now() - printed_ < between_lines) return;
  printed_ = Clock::now();
  const auto minutes = std::chrono::duration<double, std::ratio<60>>(printed_ - start_).count();
  std::cout << fmt::format("{:5.1f} min  containers {} of {}  planted {} told {}  monitors {}", minutes,
                           churn_.running(), churn_.started(), plants_.planted(), plants_.seen(),
                           watchman_.starts());
  if (!is_due) {
    const auto holdings = watchman_.holdings();
    const Held now = all_of(holdings);
    std::cout << fmt::format("  {} KiB  {} descriptors  {} threads  {} marks  {} mounts", now.anonymous_kib,
                             now.descriptors, now.threads, now.marks, holdings.mounts.size());
  }
  std::cout << std::endl;
}

void Soak::print_disturbances() const {
  std::cout << fmt::format("{:<32}{:>10}{:>10}\n", "disturbances", "made", "between");
  for (const auto& [disturbance, account] : disturbances_.accounts())
    std::cout << fmt::format("{:<32}{:>10}{:>10}{}\n", name_of(disturbance), account.made,
                             account.made_between, reason_of(account));
}

void Soak::print_holdings(const Holdings& earlier, const Holdings& later) const {
  const auto line = [](const std::string& name, std::uint64_t before, std::uint64_t after) {
    std::cout << fmt::format("{:<32}{:>10}{:>10}\n", name, before, after);
  };
  const auto lines = [&](const std::string& name, const Held& before, const Held& after) {
    line(name + ": anonymous memory, KiB", before.anonymous_kib, after.anonymous_kib);
    line(name + ": descriptors", before.descriptors, after.descriptors);
    line(name + ": threads", before.threads, after.threads);
    line(name + ": marks", before.marks, after.marks);
  };
  std::cout << fmt::format("{:<32}{:>10}{:>10}\n", "without containers", "earlier", "later");
  lines("supervisor", earlier.supervisor, later.supervisor);
  lines("monitor", earlier.monitor, later.monitor);
  lines("marker", earlier.marker, later.marker);
  line("mounts of the machine", earlier.mounts.size(), later.mounts.size());
}

}  // namespace dropwarden::test
