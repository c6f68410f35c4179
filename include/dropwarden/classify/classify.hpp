// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

// How many bytes are read of every file, and how many at most once those look like an executable.
inline constexpr std::size_t first_bytes = 256;
inline constexpr std::size_t head_bytes = 4096;

// Whether a file that starts with `first` deserves a closer look. Pure, no allocation: runs for every event.
bool looks_executable(std::span<const std::byte> first) noexcept;

// A part of a file, in bytes.
struct Extent {
  std::uint64_t offset = 0;
  std::size_t length = 0;
};

// Where the dynamic section is that tells a static PIE from a shared library (DF_1_PIE), when only that can
// tell them apart and it lies past `head`. At most `head_bytes` long. Pure, no allocation.
std::optional<Extent> dynamic_section_past(std::span<const std::byte> head) noexcept;

// What a file is whose first bytes (all of it, or `head_bytes`) are `head`. Nothing when it is of no known
// format. Pure, bounds-checked: `head` is hostile. What a cut or malformed header does not tell stays
// unknown, the format is known by its first bytes alone.
//
// `dynamic_section` holds the bytes of `dynamic_section_past(head)`. Without them a static PIE is `shared`,
// as its program headers are those of a shared library.
//
// A `#!` line is a script exactly where the kernel runs it, see execve(2): `#!` with no interpreter, or with
// one that does not end within 256 bytes, is ENOEXEC and so no format at all, like any other text.
std::optional<model::FileKind> classify_header(std::span<const std::byte> head,
                                               std::span<const std::byte> dynamic_section = {});

}  // namespace dropwarden::classify
