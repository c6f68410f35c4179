// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "demotion.hpp"

namespace dropwarden::daemon {

// Makes the directory of the database `path` where it is missing, and gives it and what the database consists
// of to `user`. A directory in which there is anything else stays as it is, since it is not for the database
// alone, and so does one that others than root and `user` may change. Nothing to do without a path. What
// hindered it, or nothing.
std::string prepare_store(const std::string& path, const User& user);

}  // namespace dropwarden::daemon
