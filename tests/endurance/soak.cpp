// SPDX-License-Identifier: Apache-2.0
#include "soak.hpp"

#include <cstdlib>
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
constexpr auto longest_settling = 120s;
// What an allocator keeps by chance, and a connection that happens to be open.
constexpr std::uint64_t memory_allowed = 2048;
constexpr std::size_t descriptors_allowed = 4;

bool exceeds(std::size_t later, std::size_t earlier, std::size_t allowed) {
  return later > earlier + allowed;
}

}  // namespace

std::vector<std::string> Soak::run(std::chrono::minutes length) {
  start_ = printed_ = Clock::now();
  watchman_.look(plants_);
  const Clock::duration part = Clock::duration(length) / 5;
  live(part * 2, true);
  settle();
  if (!watchman_.stop(plants_)) faults_.emplace_back("the ledger after the first part does not balance");
  watchman_.look(plants_);
  const auto ends = watchman_.unexpected_ends();
  const auto starts = watchman_.starts();
  live(part, false);
  settle();
  const Holdings earlier = watchman_.holdings();
  live(part * 2, false);
  settle();
  const Holdings later = watchman_.holdings();
  if (watchman_.starts() != starts)
    faults_.emplace_back("the monitor was started again though nothing killed it");
  if (ends != 0) faults_.push_back(fmt::format("the monitor ended {} times by itself", ends));
  if (!watchman_.stop(plants_)) faults_.emplace_back("the ledger at the end does not balance");
  compare(earlier, later);
  for (auto& fault : plants_.faults()) faults_.push_back(std::move(fault));
  print_state(true);
  print_figures(earlier, later);
  return faults_;
}

void Soak::live(Clock::duration length, bool with_deadly) {
  const auto end = Clock::now() + length;
  auto next_disturbance = Clock::now() + between_disturbances;
  while (Clock::now() < end) {
    look();
    try {
      churn_.step(most_containers);
      if (Clock::now() < next_disturbance) continue;
      disturbances_.make_one(with_deadly);
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
  const auto end = Clock::now() + longest_settling;
  while (plants_.seen() < plants_.planted() && Clock::now() < end) look();
  // What is released in the background.
  const auto calm = Clock::now() + 10s;
  while (Clock::now() < calm) look();
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
    const auto now = watchman_.holdings();
    std::cout << fmt::format("  {} KiB  {} descriptors  {} threads  {} marks  {} mounts", now.anonymous_kib,
                             now.descriptors, now.threads, now.marks, now.mounts);
  }
  std::cout << std::endl;
}

void Soak::compare(const Holdings& earlier, const Holdings& later) {
  if (later.anonymous_kib > earlier.anonymous_kib + earlier.anonymous_kib / 10 + memory_allowed)
    faults_.emplace_back("memory has grown");
  if (exceeds(later.descriptors, earlier.descriptors, descriptors_allowed))
    faults_.emplace_back("descriptors were left open");
  if (exceeds(later.threads, earlier.threads, 0)) faults_.emplace_back("threads were left behind");
  if (later.marks != earlier.marks) faults_.emplace_back("marks were left behind");
  if (later.mounts != earlier.mounts) faults_.emplace_back("mounts were left behind");
}

void Soak::print_figures(const Holdings& earlier, const Holdings& later) const {
  for (const Disturbance one : all_disturbances) {
    const auto made = disturbances_.made().find(one);
    const auto count = made == disturbances_.made().end() ? 0 : made->second;
    std::cout << fmt::format("{:<32}{:>6}\n", name_of(one), count);
  }
  const auto line = [](const char* name, std::uint64_t before, std::uint64_t after) {
    std::cout << fmt::format("{:<32}{:>10}{:>10}\n", name, before, after);
  };
  std::cout << fmt::format("{:<32}{:>10}{:>10}\n", "without containers", "earlier", "later");
  line("anonymous memory, KiB", earlier.anonymous_kib, later.anonymous_kib);
  line("descriptors", earlier.descriptors, later.descriptors);
  line("threads", earlier.threads, later.threads);
  line("marks", earlier.marks, later.marks);
  line("mounts of the machine", earlier.mounts, later.mounts);
}

}  // namespace dropwarden::test
