// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "dropwarden/model/file_kind.hpp"

#include "file_bytes.hpp"

namespace dropwarden::classify {

// `MZ`: a DOS header, behind which a PE header may be.
bool has_dos_magic(std::span<const std::byte> first) noexcept;

// Nothing when there is no PE header (a program of DOS, or chance). Wants the part where it says it is.
std::optional<model::PeFacts> read_pe_facts(FileBytes& file);

}  // namespace dropwarden::classify
