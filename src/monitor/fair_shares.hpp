// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace dropwarden::monitor {

// Which of several containers that wait comes next to what one of them uses at a time: the one that has used
// it for the shortest time, since one use may take a hundred times as long as another (start-time fair
// queueing, Goyal, Vin and Cheng, 1996). One that is new comes behind those that wait already: to make
// containers without end gains nothing. Nor is anything saved up by not waiting. A value; pure.
class FairShares {
 public:
  using Duration = std::chrono::nanoseconds;

  // The less, the sooner it is to come.
  Duration standing(const std::string& container) const;
  // It waits from now on. At most `most` are remembered, more than one: what was used long ago counts for
  // nothing.
  void join(const std::string& container, std::size_t most);
  // It came next, and used it for so long.
  void charge(const std::string& container, Duration used, std::size_t most);
  std::size_t size() const { return standings_.size(); }

 private:
  void bound(std::size_t most);

  using Standings = std::unordered_map<std::string, Duration>;
  Standings standings_;
  Duration floor_{};    // of the last that came next
  Duration highest_{};  // that any has had
};

}  // namespace dropwarden::monitor
