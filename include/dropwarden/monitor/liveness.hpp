// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace dropwarden::monitor {

// How a part that works on a thread of its own gets on.
struct Liveness {
  std::string name{};          // of the part
  std::size_t stuck = 0;       // threads of it that are in a call which does not return
  std::uint64_t replaced = 0;  // threads of it that others have taken the place of, since the start
  bool is_blind = false;       // nobody does its work: too many are stuck
  std::string last_stall{};    // state and place of the one that was found stuck last
};

}  // namespace dropwarden::monitor
