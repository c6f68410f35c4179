// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "dropwarden/sandbox/enter.hpp"

namespace dropwarden::sandbox {

struct LandlockRules {
  std::vector<std::string> writable;
  bool has_abstract_sockets = false;
  std::vector<std::uint16_t> tcp_ports{};
};

// The first version of the interface that knows TCP ports: Linux 6.7.
inline constexpr int landlock_with_ports = 4;

// Confines the calling thread, and what it starts later (landlock(7)): it executes nothing; makes, writes,
// removes and truncates files in the writable directories alone; binds no TCP socket, and
// connects one to the ports alone (Linux 6.7); sends no signal and connects to no abstract Unix socket out of
// the sandbox (Linux 6.12). It may read what its user may: the file of an fanotify event is opened for the
// thread that reads the event, by its rules, and no rule for a path reaches a mount of a container. Returns
// the version of the interface, of which everything older is made use of. Needs no new privileges to be set.
// Errors as of `read_landlock_abi`.
sys::Result<int> restrict_by_landlock(const LandlockRules& rules);

}  // namespace dropwarden::sandbox
