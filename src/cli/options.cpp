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

void add_sandbox_option(CLI::App& verb, sandbox::Enforcement& value) {
  verb.add_option_function<std::string>(
          "--sandbox",
          [&value](const std::string& word) { value = sandbox::parse_enforcement(word).value_or(value); },
          "What becomes of system calls that no process of dropwarden makes: refused, or only logged by the "
          "kernel [default: enforce]")
      ->check(CLI::IsMember({"enforce", "log", "off"}));
}

}  // namespace dropwarden::cli
