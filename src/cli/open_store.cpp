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

config::Config config_to_look(const std::string& file, std::ostream& err) {
  daemon::RunOptions options;
  if (!file.empty()) options.config_file = file;
  std::string left_out;
  config::Config config = daemon::load_config_to_look(options, left_out);
  if (!left_out.empty()) err << left_out << "\ndropwarden: without what these files say\n";
  return config;
}

std::string store_path(const StoreChoice& choice, std::ostream& err) {
  if (!choice.store.empty()) return choice.store;
  std::string path = config_to_look(choice.config, err).store.path;
  if (path.empty())
    throw store::CannotOpen(
        "store.path is `none` in the configuration: nothing is remembered. Set it to a file, or "
        "name a database with --store");
  return path;
}

}  // namespace dropwarden::cli
