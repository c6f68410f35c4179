// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

// How many bytes are read of every file, and how many at most once those look like an executable.
inline constexpr std::size_t first_bytes = 256;
inline constexpr std::size_t head_bytes = 4096;

// Whether a file that starts with `first` deserves a closer look. Pure, no allocation: runs for every event.
bool looks_executable(std::span<const std::byte> first) noexcept;

// What a file is whose first bytes (all of it, or `head_bytes`) are `head`. Nothing when it is of no known format. Pure,
// bounds-checked: `head` is hostile.
std::optional<model::FileKind> classify_header(std::span<const std::byte> head);

}  // namespace dropwarden::classify
