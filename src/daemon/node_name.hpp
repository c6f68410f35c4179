// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dropwarden::daemon {

// What this machine calls itself, for findings: NODE_NAME of the environment, else gethostname(2).
std::string node_name();

}  // namespace dropwarden::daemon
