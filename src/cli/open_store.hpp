// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>

#include <CLI/CLI.hpp>

#include "dropwarden/config/config.hpp"

namespace dropwarden::cli {

// Which database is looked into: --store, else that of the configuration.
struct StoreChoice {
  std::string config;
  std::string store;
};

void add_store_options(CLI::App& verb, StoreChoice& choice);

// The configuration `file`, or the default one, for a verb that looks at what a daemon does or has done: it
// goes on without drop-ins that have mistakes, as the daemon does, and says so on `err`. Throws
// config::ConfigError.
config::Config config_to_look(const std::string& file, std::ostream& err);

// Throws config::ConfigError, store::CannotOpen.
std::string store_path(const StoreChoice& choice, std::ostream& err);

}  // namespace dropwarden::cli
