// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/daemon/daemon.hpp"
#include "dropwarden/privilege/privilege.hpp"

namespace dropwarden::daemon {

// Where the configuration of `options` is, and whether it has to be there.
std::string config_path(const std::optional<std::filesystem::path>& file);

// A configuration that was opened, or not, and is not read yet: that needs no privilege any more.
struct OpenedConfig {
  sys::Result<sys::Fd> file;
  sys::Result<std::vector<privilege::RegistrationFile>> drop_ins;
};
OpenedConfig open_config(privilege::Privilege& privilege);

// What is in the configuration that was opened as `path`: the built-in one, and the drop-ins, where there is
// no file and none `is_asked_for`. Throws config::ConfigError.
config::Config read_config_file(const OpenedConfig& opened, const std::string& path, bool is_asked_for);

}  // namespace dropwarden::daemon
