// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "dropwarden/classify/classify.hpp"
#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::classify {

bool is_elf(std::span<const std::byte> first) noexcept;

// Of bytes that are an ELF file: see `classify_header` and `dynamic_section_past`, which these serve.
model::ElfFacts read_elf_facts(std::span<const std::byte> head, std::span<const std::byte> dynamic_section);
std::optional<Extent> elf_dynamic_section_past(std::span<const std::byte> head) noexcept;

}  // namespace dropwarden::classify
