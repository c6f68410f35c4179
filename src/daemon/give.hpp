// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/sys/error.hpp"

#include "demotion.hpp"

namespace dropwarden::daemon {

// Gives the open file or directory `file` to `user`; without CAP_CHOWN to the user's group, with the rights
// of an owner. Nothing to do where it is the user's.
sys::Result<void> give(int file, const User& user, const std::string& name);

}  // namespace dropwarden::daemon
