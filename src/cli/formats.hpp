// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/config/config.hpp"

namespace dropwarden::cli {

// What --format takes.
std::vector<std::string> names_of_formats();

// Throws config::ConfigError for a name that is none of them.
config::Format format_named(const std::string& name);

}  // namespace dropwarden::cli
