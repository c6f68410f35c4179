// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "dropwarden/model/file_kind.hpp"

#include "file_bytes.hpp"

namespace dropwarden::classify {

// The local header of a zip archive.
bool has_zip_magic(std::span<const std::byte> first) noexcept;

// Nothing when no manifest and no class is seen in a zip archive: in its first entries, and in the beginning
// and the end of its central directory. Wants the latter two only when the former do not tell.
std::optional<model::JarFacts> read_jar_facts(FileBytes& file) noexcept;

}  // namespace dropwarden::classify
