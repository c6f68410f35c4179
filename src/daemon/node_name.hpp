// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dropwarden::daemon {

// What this machine calls itself, for findings (gethostname(2)); empty when it is too long.
std::string node_name();

}  // namespace dropwarden::daemon
