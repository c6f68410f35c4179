// SPDX-License-Identifier: Apache-2.0
#include "holdings.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dropwarden::test {
namespace {

// What an allocator keeps by chance.
constexpr std::uint64_t memory_allowed = 2048;

void compare(const std::string& name, const Held& earlier, const Held& later, std::size_t descriptors,
             std::vector<std::string>& faults) {
  if (later.anonymous_kib > earlier.anonymous_kib + earlier.anonymous_kib / 10 + memory_allowed)
    faults.push_back("memory of the " + name + " has grown");
  if (later.descriptors > earlier.descriptors + descriptors)
    faults.push_back("descriptors were left open in the " + name);
  if (later.threads > earlier.threads) faults.push_back("threads were left behind in the " + name);
  if (later.marks != earlier.marks) faults.push_back("marks were left behind in the " + name);
}

}  // namespace

Held all_of(const Holdings& holdings) {
  Held sum;
  for (const Held* one : {&holdings.supervisor, &holdings.monitor, &holdings.marker}) {
    sum.anonymous_kib += one->anonymous_kib;
    sum.descriptors += one->descriptors;
    sum.threads += one->threads;
    sum.marks += one->marks;
  }
  return sum;
}

std::vector<std::string> growth(const Holdings& earlier, const Holdings& later) {
  std::vector<std::string> faults;
  if (earlier.supervisor.pid != later.supervisor.pid || earlier.monitor.pid != later.monitor.pid)
    faults.emplace_back("the monitor was replaced though nothing killed it");
  if (later.marker.pid == 0) faults.emplace_back("there is no marker at the end");
  // It opens nothing by itself but the ends of lanes, and those it hands over.
  compare("supervisor", earlier.supervisor, later.supervisor, 0, faults);
  compare("monitor", earlier.monitor, later.monitor, descriptors_allowed, faults);
  compare("marker", earlier.marker, later.marker, descriptors_allowed, faults);
  for (const auto& [name, more, fewer] : {std::tuple{"left behind", &later.mounts, &earlier.mounts},
                                          std::tuple{"taken away", &earlier.mounts, &later.mounts}}) {
    std::vector<std::string> differing;
    std::ranges::set_difference(*more, *fewer, std::back_inserter(differing));
    if (!differing.empty())
      faults.push_back(fmt::format("mounts were {}: {}", name, fmt::join(differing, ", ")));
  }
  return faults;
}

}  // namespace dropwarden::test
