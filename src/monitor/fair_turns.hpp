// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dropwarden::monitor {

// What comes next where more is due than one turn of the loop does: of the container that has had no turn for
// longest first, which may have much and bring it about without end; of its own, first what waits for
// longest. A container that is new comes behind those that wait already: to make them without end gains
// nothing. A value; pure.
class FairTurns {
 public:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    const std::string& container;
    Clock::time_point since;
  };

  // Which of them have this turn, at most `most`, as places in `waiting`.
  std::vector<std::size_t> take(const std::vector<Waiting>& waiting, std::size_t most);
  // Forgets the containers that are gone.
  void retain(const std::function<bool(const std::string& container)>& is_there);

 private:
  std::unordered_map<std::string, std::uint64_t> turns_;  // the last one, by container
  std::uint64_t turn_ = 0;
};

}  // namespace dropwarden::monitor
