// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/util/time.hpp"

namespace dropwarden::store {

// Renames a database that nobody has open, with its log, to `PATH.damaged-TIME`, and removes what was set
// aside before, except the newest. The new name; throws std::filesystem::filesystem_error.
std::string set_aside(const std::string& path, util::WallTime now);

}  // namespace dropwarden::store
