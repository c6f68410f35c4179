// SPDX-License-Identifier: Apache-2.0
#include "open_store.hpp"

#include "dropwarden/config/config.hpp"
#include "dropwarden/daemon/daemon.hpp"
#include "dropwarden/store/store.hpp"

#include "options.hpp"

namespace dropwarden::cli {

void add_store_options(CLI::App& verb, StoreChoice& choice) {
  add_config_option(verb, choice.config);
  verb.add_option("--store", choice.store, "Database to read, in place of the configured one");
}

std::string store_path(const StoreChoice& choice) {
  if (!choice.store.empty()) return choice.store;
  daemon::RunOptions options;
  if (!choice.config.empty()) options.config_file = choice.config;
  std::string path = daemon::load_config(options).store.path;
  if (path.empty())
    throw store::CannotOpen(
        "store.path is `none` in the configuration: nothing is remembered. Set it to a file, or "
        "name a database with --store");
  return path;
}

}  // namespace dropwarden::cli
