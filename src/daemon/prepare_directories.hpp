// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "demotion.hpp"

namespace dropwarden::daemon {

// Lets `user` keep `files` (absolute paths): makes the directory of each where it is missing, and gives it to
// `user` with all whose names begin as one of the files: a database consists of several, and one that is
// rotated gets a number. A directory in which there is anything else stays as it is, since it is not for
// these alone, and so does one that others than root and `user` may change. What hindered it: a line for each
// directory.
std::vector<std::string> prepare_directories(const std::vector<std::string>& files, const User& user);

}  // namespace dropwarden::daemon
