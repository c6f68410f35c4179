// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "dropwarden/sandbox/enter.hpp"

namespace dropwarden::cli {

// Options that verbs share. `value` outlives the parsing, and stays empty where the option is not given.
void add_config_option(CLI::App& verb, std::string& value);
void add_format_option(CLI::App& verb, std::string& value);

void add_sandbox_option(CLI::App& verb, sandbox::Enforcement& value);

}  // namespace dropwarden::cli
