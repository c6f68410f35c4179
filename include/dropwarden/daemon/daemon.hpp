// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "dropwarden/config/config.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sandbox/enter.hpp"

namespace dropwarden::daemon {

struct RunOptions {
  // Read again on SIGHUP. Nothing: the default file where it exists, else the built-in defaults.
  std::optional<std::filesystem::path> config_file;
  // In place of what is configured for standard output, and for no other output.
  std::optional<config::Format> format;
  std::optional<config::Events> events;
  // Of the command line alone: the part with privilege reads no configuration.
  sandbox::Enforcement sandbox = sandbox::Enforcement::enforce;
};

// The configuration that `options` asks for. Throws config::ConfigError.
config::Config load_config(const RunOptions& options);
// For whoever only looks: config::load_sound.
config::Config load_config_to_look(const RunOptions& options, std::string& left_out);
// The same as the first, with the file opened by `privilege`, which knows where it is.
config::Config load_config(const RunOptions& options, privilege::Privilege& privilege);

// Watches until SIGTERM or SIGINT. 0 after a clean end, 1 when it could not start or could not go on: the
// reason is in the log (standard error) and names what is missing and what works without it. Throws
// config::ConfigError for a bad configuration at the start. SIGHUP reads the configuration again; a bad one
// is logged and the old one stays.
int run(const RunOptions& options);

}  // namespace dropwarden::daemon
