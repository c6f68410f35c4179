// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/classify/classify.hpp"

#include "elf.hpp"
#include "script.hpp"

namespace dropwarden::classify {

bool looks_executable(std::span<const std::byte> first) noexcept {
  return is_elf(first) || has_script_magic(first);
}

std::optional<Extent> dynamic_section_past(std::span<const std::byte> head) noexcept {
  return is_elf(head) ? elf_dynamic_section_past(head) : std::nullopt;
}

std::optional<model::FileKind> classify_header(std::span<const std::byte> head,
                                               std::span<const std::byte> dynamic_section) {
  model::FileKind kind;
  if (is_elf(head)) {
    kind.format = model::Format::elf;
    kind.elf = read_elf_facts(head, dynamic_section);
    return kind;
  }
  if (!has_script_magic(head)) return std::nullopt;
  kind.format = model::Format::script;
  kind.script = read_script_facts(head);
  if (!kind.script) return std::nullopt;
  return kind;
}

}  // namespace dropwarden::classify
