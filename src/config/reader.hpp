// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/config/config.hpp"

#include "diagnostics.hpp"
#include "document.hpp"

namespace dropwarden::config {

// Sets in `config` what `root` says, by the schema. A key that is absent keeps its value; a list that is
// there replaces all of its elements.
void read_config(const Node& root, Config& config, Diagnostics& diagnostics);

}  // namespace dropwarden::config
