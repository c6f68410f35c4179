// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "dropwarden/config/config.hpp"

namespace dropwarden::config {

struct FormatName {
  std::string_view name;
  std::optional<Format> format;  // nothing: chosen by where the output goes
  bool is_available;             // in this version
};

// Every format that `outputs` knows, and the only place that says which of them can be chosen.
std::span<const FormatName> format_names();

}  // namespace dropwarden::config
