// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/config/config.hpp"
#include "dropwarden/daemon/daemon.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::daemon {

// Where the configuration of `options` is, and whether it has to be there.
std::string config_path(const std::optional<std::filesystem::path>& file);

// What is in the configuration file that was opened, or not, as `path`: the built-in configuration where
// there is none and none `is_asked_for`. Throws config::ConfigError.
config::Config read_config_file(const sys::Result<sys::Fd>& file, const std::string& path, bool is_asked_for);

}  // namespace dropwarden::daemon
