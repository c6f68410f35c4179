// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dropwarden/privilege/guard.hpp"

#include "demotion.hpp"

namespace dropwarden::daemon {

enum class Complaints { printed, left_out };

// What the configuration file allows the marker, or the built-in configuration where there is no file and
// none `is_asked_for`. Read by a child without privilege, since it is parsed; and by a new one each time,
// since a monitor that was taken over may not widen what it is allowed. Nothing when the configuration is
// bad: that is printed on standard error. Throws sys::SystemError.
std::optional<privilege::Grants> read_grants(const std::string& configuration, bool is_asked_for,
                                             const User& user, Complaints complaints);

// The files that the monitor writes: database and outputs. Their directories have to be its own. Pure.
std::vector<std::string> files_of_monitor(const privilege::Grants& grants);
// The directories in which a monitor with these grants may make, write and remove files: all that Landlock
// lets it write. Pure.
std::vector<std::string> writable_directories(const privilege::Grants& grants);

}  // namespace dropwarden::daemon
