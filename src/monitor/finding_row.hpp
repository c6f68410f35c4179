// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/store/finding.hpp"

#include "known_drops.hpp"

namespace dropwarden::monitor {

// What the store keeps of a record of a finding; `native` is it in that format where it was made before, else
// empty. Pure.
store::StoredFinding finding_row(const model::Finding& finding, const KnownDrop& drop,
                                 std::string file_system, std::string native);

// How the store writes a path: escaped and bounded.
std::string row_path(const model::FileFacts& file);

}  // namespace dropwarden::monitor
