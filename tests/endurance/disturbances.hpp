// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "churn.hpp"
#include "watchman.hpp"

namespace dropwarden::test {

enum class Disturbance {
  kill_monitor,
  kill_part,
  restart_runtime,
  storm,
  overflow,
  full_disk,
  memory,
  clock
};
inline constexpr std::array all_disturbances{
    Disturbance::kill_monitor, Disturbance::kill_part, Disturbance::restart_runtime, Disturbance::storm,
    Disturbance::overflow,     Disturbance::full_disk, Disturbance::memory,          Disturbance::clock};
const char* name_of(Disturbance disturbance);
// Whether the monitor, or a part of it, does not live through it.
bool is_deadly(Disturbance disturbance);

// What goes wrong on a node, for real, one thing at a time. One thread.
class Disturbances {
 public:
  struct Place {
    std::string store_directory;  // a file system of its own, which may be filled
    std::string cgroup;           // of a memory controller; empty: there is none
    bool may_set_clock = false;
  };
  Disturbances(Place place, Runtime& runtime, Churn& churn, Watchman& watchman, unsigned seed)
      : place_(std::move(place)), runtime_(runtime), churn_(churn), watchman_(watchman), random_(seed) {}

  // Any of those that can be made here, each as often as the others; deadly ones only where wanted.
  void make_one(bool with_deadly);
  const std::map<Disturbance, std::size_t>& made() const { return made_; }
  // Why one cannot be made here, or nothing.
  std::string missing(Disturbance disturbance) const;

 private:
  void make(Disturbance disturbance);
  void kill_part();
  void restart_runtime();
  void overflow();
  void fill_disk();
  void squeeze_memory();
  void step_clock();
  void send_to_all(int signal) const;
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  Place place_;
  Runtime& runtime_;
  Churn& churn_;
  Watchman& watchman_;
  std::mt19937 random_;
  std::map<Disturbance, std::size_t> made_;
  std::vector<Disturbance> deck_;
};

}  // namespace dropwarden::test
