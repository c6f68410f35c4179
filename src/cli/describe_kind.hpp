// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::cli {

// All that is known of a kind of file, in words for a person: `elf pie, 64-bit, …`. Bytes from the file are
// escaped. What is not known is left out.
std::string describe_kind(const std::optional<model::FileKind>& kind);

}  // namespace dropwarden::cli
