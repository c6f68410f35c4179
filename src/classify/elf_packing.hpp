// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "dropwarden/model/file_kind.hpp"

#include "elf_sections.hpp"
#include "elf_segments.hpp"

namespace dropwarden::classify {

// Signs that a program or library is packed, when there are enough of them: the mark of UPX, or no section
// headers together with writable code or with bytes as compressed ones are. Wants the tail. Else empty.
std::vector<model::PackingSign> read_packing(FileBytes& file, const Segments& segments,
                                             const Sections& sections);

// Shannon's entropy of `bytes`, in bits a byte: 0 to 8.
double entropy(std::span<const std::byte> bytes) noexcept;

}  // namespace dropwarden::classify
