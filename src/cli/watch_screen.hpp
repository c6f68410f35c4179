// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "dropwarden/util/time.hpp"

#include "watch_state.hpp"

namespace dropwarden::cli::watch {

struct Screen {
  std::size_t rows = 24;
  std::size_t columns = 80;
  bool is_colored = false;
};

// The bytes that draw the state on a terminal of that size, from its upper left corner: as many lines as it
// has, none longer than it is wide. What a container has named is escaped. Pure.
std::string draw(const State& state, const Screen& screen, util::WallTime now);

}  // namespace dropwarden::cli::watch
