// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "dropwarden/model/file_kind.hpp"

#include "file_bytes.hpp"

namespace dropwarden::classify {

bool is_elf(std::span<const std::byte> first) noexcept;

// Of a file that is ELF. Wants program headers, interpreter, dynamic section, section headers and tail, each
// where it decides something.
model::ElfFacts read_elf_facts(FileBytes& file);

}  // namespace dropwarden::classify
