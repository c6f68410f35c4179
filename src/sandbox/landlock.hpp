// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dropwarden/sandbox/enter.hpp"

namespace dropwarden::sandbox {

struct LandlockRules {
  bool has_paths = false;  // files are opened by `paths` alone; and nothing is mounted, by nobody
  std::vector<PathRule> paths;
  bool has_abstract_sockets = false;
};

// Confines the calling thread, and what it starts later (landlock(7)): it executes nothing; opens by `paths`
// where there are any; binds and connects no TCP socket (Linux 6.7); sends no signal and connects to no
// abstract Unix socket out of the sandbox (Linux 6.12). Returns the version of the interface, of which
// everything older is made use of. Needs no new privileges to be set. Errors as of `read_landlock_abi`.
sys::Result<int> restrict_by_landlock(const LandlockRules& rules);

}  // namespace dropwarden::sandbox
