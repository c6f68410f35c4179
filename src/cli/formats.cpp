// SPDX-License-Identifier: Apache-2.0
#include "formats.hpp"

#include "dropwarden/config/format_names.hpp"

namespace dropwarden::cli {

std::vector<std::string> names_of_formats() {
  std::vector<std::string> names;
  for (const auto& known : config::format_names()) {
    if (known.format) names.emplace_back(known.name);
  }
  return names;
}

config::Format format_named(const std::string& name) {
  for (const auto& known : config::format_names()) {
    if (known.name == name && known.format) return *known.format;
  }
  throw config::ConfigError("dropwarden: --format " + name + " is not known");
}

}  // namespace dropwarden::cli
