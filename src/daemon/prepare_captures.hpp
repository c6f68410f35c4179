// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "demotion.hpp"

namespace dropwarden::daemon {

// Makes the directory of copies where it is missing and gives it to `user`. One that holds anything but
// copies stays as it is, since it is not for them alone, and so does one that others than root and `user` may
// change. Nothing to do without a path. What hindered it, or nothing.
std::string prepare_captures(const std::string& directory, const User& user);

}  // namespace dropwarden::daemon
