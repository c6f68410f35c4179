// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dropwarden::daemon {

// Which system calls each of dropwarden's processes may make, and why, as one JSON object: the tables that
// this program was built with. Pure.
std::string format_profiles();

}  // namespace dropwarden::daemon
