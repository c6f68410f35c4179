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
  // For who chooses by more than that: when the container had its last turn, the greater, the later, and 0
  // where it is not known; that it has one now; and that it comes behind those that wait, where it is new. At
  // most `most` are remembered then, more than one: a turn that was long ago is as good as none.
  std::uint64_t last(const std::string& container) const;
  void note(const std::string& container, std::size_t most);
  void join(const std::string& container, std::size_t most);
  std::size_t size() const { return turns_.size(); }
  // Forgets the containers that are gone.
  void retain(const std::function<bool(const std::string& container)>& is_there);

 private:
  void bound(std::size_t most);

  using Turns = std::unordered_map<std::string, std::uint64_t>;
  Turns turns_;  // the last one, by container
  std::uint64_t turn_ = 0;
};

}  // namespace dropwarden::monitor
