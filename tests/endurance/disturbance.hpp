// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace dropwarden::test {

// What goes wrong on a node, for real.
enum class Disturbance {
  kill_all,
  kill_monitor,
  kill_marker,
  restart_runtime,
  storm,
  overflow,
  full_disk,
  memory,
  clock
};
inline constexpr std::array all_disturbances{
    Disturbance::kill_all, Disturbance::kill_monitor, Disturbance::kill_marker,
    Disturbance::storm,    Disturbance::overflow,     Disturbance::restart_runtime,
    Disturbance::memory,   Disturbance::full_disk,    Disturbance::clock};
const char* name_of(Disturbance disturbance);
// Whether the process that holds the groups and the state may not live through it, so that nothing that it
// held before can be compared with what is held afterwards. A marker holds neither.
bool is_deadly(Disturbance disturbance);

// The order in which they are made: by chance, but each of those wanted as often as the others. One thread.
class Deck {
 public:
  explicit Deck(unsigned seed) : random_(seed) {}

  // One of `wanted`, which is not empty. What is left of those that are wanted no more is put away.
  Disturbance deal(const std::vector<Disturbance>& wanted);
  // Forgets what is left, and puts `first` on top of what comes next.
  void start_over(Disturbance first);
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

 private:
  std::mt19937 random_;
  std::vector<Disturbance> cards_;
  std::vector<Disturbance> first_;
};

// How often one was made, and why it cannot be, if so.
struct Account {
  std::size_t made = 0;
  std::size_t made_between = 0;  // the two times at which it is compared what is held
  std::string missing{};
};
// A line for each that can be made here and was not, in a run that is long enough for all of them. Pure.
std::vector<std::string> not_made(const std::map<Disturbance, Account>& accounts);

}  // namespace dropwarden::test
