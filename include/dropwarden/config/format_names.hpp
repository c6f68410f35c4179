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
};

// Every format that `outputs` knows.
std::span<const FormatName> format_names();

}  // namespace dropwarden::config
