// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "dropwarden/model/file_kind.hpp"

#include "elf_sections.hpp"
#include "elf_segments.hpp"

namespace dropwarden::classify {

// What is wrong with an ELF file, in the order of model::ElfDefect. `interpreter` as `read_interpreter` gave
// it, nothing where the file names none.
std::vector<model::ElfDefect> find_defects(const FileBytes& file, ElfReading reading,
                                           const Segments& segments,
                                           std::optional<std::string_view> interpreter,
                                           const Sections& sections);

}  // namespace dropwarden::classify
