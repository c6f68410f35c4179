// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "dropwarden/store/reader.hpp"

namespace dropwarden::cli {

// The only finding with an id that begins so, whatever was decided on it. Throws config::ConfigError for what
// is no such beginning, or several findings have; std::runtime_error when there is none.
store::FoundFinding find_one(store::Reader& reader, const std::string& id);

// A text of the database for a terminal: escaped already by us, if it was us. Pure.
std::string shown(std::string_view text);

}  // namespace dropwarden::cli
