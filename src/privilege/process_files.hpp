// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::privilege {

// Privilege::read_process_files; `proc` is where procfs is.
std::vector<sys::Result<std::string>> read_process_files(const std::string& proc, std::int32_t pid,
                                                         const std::vector<ProcessFile>& files);

}  // namespace dropwarden::privilege
