// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::privilege {

// Privilege::read_processes; `proc` is where procfs is.
std::vector<ProcessTexts> read_processes(const std::string& proc, std::int32_t pid,
                                         const std::vector<ProcessFile>& files,
                                         const std::vector<ProcessFile>& of_ancestors);

}  // namespace dropwarden::privilege
