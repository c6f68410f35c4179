// SPDX-License-Identifier: Apache-2.0
#include "elf.hpp"

#include <elf.h>
#include <string_view>

#include "bytes.hpp"
#include "elf_abi.hpp"
#include "elf_defects.hpp"
#include "elf_machine.hpp"
#include "elf_packing.hpp"
#include "elf_sections.hpp"
#include "elf_segments.hpp"

namespace dropwarden::classify {
namespace {

using Bytes = std::span<const std::byte>;
using model::ElfType;

// ET_DYN is both: an interpreter or DF_1_PIE makes it a program. libc.so.6, which names an interpreter and
// can be run, counts as one. Where the program headers cannot be read, the entry point decides: linkers leave
// it 0 in a library.
bool is_pie(FileBytes& file, ElfReading reading, const Segments& segments) noexcept {
  if (reading.layout == nullptr) return false;
  if (segments.interpreter) return true;
  if (segments.dynamic) return read_pie_flag(file, reading, *segments.dynamic).value_or(false);
  if (segments.are_complete) return false;
  return reading.word(file.head(), reading.layout->header_entry).value_or(0) != 0;
}

ElfType find_type(FileBytes& file, ElfReading reading, const Segments& segments) noexcept {
  switch (reading.half(file.head(), offsetof(Elf64_Ehdr, e_type)).value_or(ET_NONE)) {
    case ET_EXEC:
      return ElfType::executable;
    case ET_DYN:
      return is_pie(file, reading, segments) ? ElfType::pie : ElfType::shared;
    case ET_REL:
      return ElfType::relocatable;
    case ET_CORE:
      return ElfType::core;
    default:
      return ElfType::unknown;
  }
}

// https://github.com/AppImage/AppImageSpec: in bytes of e_ident that the System V ABI leaves unused.
unsigned appimage_type(Bytes head) noexcept {
  const std::string_view magic = as_text(slice(head, EI_ABIVERSION, 3));
  if (magic == "AI\1") return 1;
  return magic == "AI\2" ? 2 : 0;
}

// Documentation/admin-guide/module-signing.rst: the last bytes of the file.
std::optional<bool> has_module_signature(FileBytes& file) noexcept {
  constexpr std::string_view marker = "~Module signature appended~\n";
  const auto tail = file.tail(marker.size());
  if (!tail) return std::nullopt;
  return as_text(*tail) == marker;
}

// A module whose section headers are hidden is still told by its signature.
void read_module(FileBytes& file, const Sections& sections, model::ElfFacts& facts) noexcept {
  const bool is_ebpf = facts.machine_number == EM_BPF;
  facts.is_ebpf = is_ebpf && facts.type == ElfType::relocatable;
  if (facts.type != ElfType::relocatable || is_ebpf) {
    facts.is_kernel_module = false;
    return;
  }
  facts.is_kernel_module = sections.have_module_section;
  if (facts.is_kernel_module == false) return;
  facts.has_module_signature = has_module_signature(file);
  if (facts.has_module_signature == true) facts.is_kernel_module = true;
  if (facts.is_kernel_module != true) facts.has_module_signature.reset();
}

}  // namespace

bool is_elf(Bytes first) noexcept {
  return as_text(first).starts_with(std::string_view{ELFMAG, SELFMAG});
}

model::ElfFacts read_elf_facts(FileBytes& file) {
  const Bytes head = file.head();
  const ElfReading reading = find_reading(head);
  const Segments segments = read_segments(file, reading);
  model::ElfFacts facts;
  facts.bits = reading.layout == nullptr ? 0 : reading.layout->bits;
  facts.is_little_endian = reading.is_little_endian;
  const auto machine = reading.half(head, offsetof(Elf64_Ehdr, e_machine));
  facts.machine_number = machine.value_or(EM_NONE);
  facts.machine = machine ? machine_name(facts.machine_number) : "unknown";
  const auto os_abi = read_number(head, EI_OSABI, 1, true);
  if (os_abi) facts.os_abi = os_abi_name(static_cast<std::uint8_t>(*os_abi));
  std::optional<std::string_view> interpreter;
  if (segments.interpreter) interpreter = read_interpreter(file, *segments.interpreter);
  facts.interpreter = interpreter.value_or(std::string_view{});
  facts.type = find_type(file, reading, segments);
  const bool is_program = facts.type == ElfType::executable || facts.type == ElfType::pie;
  // A static PIE has a dynamic section, to relocate itself by; so whether a loader is named is what counts.
  facts.is_static = is_program && segments.are_complete && !segments.interpreter;

  const Sections sections = read_sections(file, reading, facts.type == ElfType::relocatable);
  if (facts.type != ElfType::core && sections.have_symbols) facts.is_stripped = !*sections.have_symbols;
  read_module(file, sections, facts);
  facts.appimage_type = appimage_type(head);
  if (is_program || facts.type == ElfType::shared) facts.packing = read_packing(file, segments, sections);
  facts.defects = find_defects(file, reading, segments, interpreter, sections);
  return facts;
}

}  // namespace dropwarden::classify
