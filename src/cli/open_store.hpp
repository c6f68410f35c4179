// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace dropwarden::cli {

// Which database is looked into: --store, else that of the configuration.
struct StoreChoice {
  std::string config;
  std::string store;
};

void add_store_options(CLI::App& verb, StoreChoice& choice);

// Throws config::ConfigError, store::CannotOpen.
std::string store_path(const StoreChoice& choice);

}  // namespace dropwarden::cli
