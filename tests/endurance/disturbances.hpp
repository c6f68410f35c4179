// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "churn.hpp"
#include "disturbance.hpp"
#include "memory_cgroup.hpp"
#include "watchman.hpp"

namespace dropwarden::test {

// Makes them, one thing at a time. One thread.
class Disturbances {
 public:
  struct Place {
    std::string store_directory;  // a file system of its own, which may be filled
    // In which the monitor runs, or why there is none.
    std::expected<MemoryCgroup, std::string> cgroup;
    bool may_set_clock = false;
  };
  Disturbances(Place place, Runtime& runtime, Churn& churn, Watchman& watchman, unsigned seed);

  // Any of those `wanted` that can be made here, each as often as the others. Throws when it cannot be made
  // after all, or nothing is wanted that can.
  void make_one(const std::vector<Disturbance>& wanted);
  // What comes next is `first`, if that can be made, and then any.
  void start_over(Disturbance first) { deck_.start_over(first); }
  // From now on what is made counts as made between the times that are compared.
  void begin_between() { is_between_ = true; }
  const std::map<Disturbance, Account>& accounts() const { return accounts_; }

 private:
  std::string missing(Disturbance disturbance) const;
  void make(Disturbance disturbance);
  void kill_markers();
  void restart_runtime();
  void overflow();
  void fill_disk();
  void squeeze_memory();
  void step_clock();
  void send_to_all(int signal) const;

  Place place_;
  Runtime& runtime_;
  Churn& churn_;
  Watchman& watchman_;
  Deck deck_;
  std::map<Disturbance, Account> accounts_;
  bool is_between_ = false;
};

}  // namespace dropwarden::test
