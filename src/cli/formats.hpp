// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/config/config.hpp"

namespace dropwarden::cli {

// What --format takes.
std::vector<std::string> names_of_formats();

// Throws config::ConfigError for one that this version does not have.
config::Format available_format(const std::string& name);

}  // namespace dropwarden::cli
