// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include "dropwarden/config/config.hpp"

#include "formats.hpp"

namespace dropwarden::cli {

void add_config_option(CLI::App& verb, std::string& value) {
  verb.add_option("--config", value,
                  std::string("Configuration file [default: ") + config::default_file + " if it is there]");
}

void add_format_option(CLI::App& verb, std::string& value) {
  verb.add_option("--format", value,
                  "Format of standard output, in place of the configured one [default: text on a terminal, "
                  "else native]")
      ->check(CLI::IsMember(names_of_formats()));
}

}  // namespace dropwarden::cli
