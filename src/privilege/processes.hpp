// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::privilege {

// The numbered entries of `proc`, a mount of procfs (proc(5)); at most Privilege::max_processes.
sys::Result<std::vector<std::int32_t>> list_processes(const std::string& proc);

}  // namespace dropwarden::privilege
