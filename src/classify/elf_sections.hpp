// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "elf_layout.hpp"
#include "file_bytes.hpp"

namespace dropwarden::classify {

// What the section headers tell. Nothing runs by them: an attacker may leave them out or write what he likes.
struct Sections {
  bool are_absent = false;  // the header names none
  bool is_table_valid = true;
  std::optional<bool> have_symbols;         // SHT_SYMTAB
  std::optional<bool> have_module_section;  // `.modinfo` or `.gnu.linkonce.this_module`
};

// Wants the table, and with `are_names_wanted` (for `have_module_section`) the names.
Sections read_sections(FileBytes& file, ElfReading reading, bool are_names_wanted) noexcept;

}  // namespace dropwarden::classify
