// SPDX-License-Identifier: Apache-2.0
#include "elf.hpp"

#include <elf.h>
#include <string_view>

#include "bytes.hpp"
#include "elf_layout.hpp"
#include "elf_machine.hpp"

namespace dropwarden::classify {
namespace {

using Bytes = std::span<const std::byte>;

struct Segment {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  // in the file
};

// What the program headers tell, as far as they lie in the head.
struct Segments {
  bool are_complete = false;
  std::optional<Segment> interpreter;
  std::optional<Segment> dynamic;
};

Segments read_segments(Bytes head, ElfReading reading) noexcept {
  Segments found;
  if (reading.layout == nullptr) return found;
  const ElfLayout& layout = *reading.layout;
  const auto number = [&](Bytes bytes, std::uint64_t offset, std::size_t width) {
    return read_number(bytes, offset, width, reading.is_little_endian);
  };
  const auto table_offset = number(head, layout.header_phoff, layout.word);
  const auto entry_size = number(head, layout.header_phentsize, sizeof(Elf64_Half));
  const auto count = number(head, layout.header_phnum, sizeof(Elf64_Half));
  // Neither the kernel nor the dynamic loader takes any other entry size.
  if (!table_offset || !count || entry_size != layout.program_header_size) return found;

  const Bytes table = slice(head, *table_offset, *count * *entry_size);
  found.are_complete = table.size() == *count * *entry_size;
  for (std::size_t at = 0; at + layout.program_header_size <= table.size();
       at += layout.program_header_size) {
    const Bytes entry = table.subspan(at, layout.program_header_size);
    const auto type = number(entry, 0, sizeof(Elf64_Word));
    const Segment segment{number(entry, layout.program_offset, layout.word).value_or(0),
                          number(entry, layout.program_filesz, layout.word).value_or(0)};
    // The first of several counts, as for the kernel.
    if (type == PT_INTERP && !found.interpreter) found.interpreter = segment;
    if (type == PT_DYNAMIC && !found.dynamic) found.dynamic = segment;
  }
  return found;
}

// The kernel refuses an interpreter that does not end in NUL within its segment: then none is told.
std::string_view interpreter_path(Bytes head, const Segment& segment) noexcept {
  const std::string_view text = as_text(slice(head, segment.offset, segment.size));
  const auto end = text.find('\0');
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

bool has_pie_flag(Bytes section, ElfReading reading) noexcept {
  const std::size_t word = reading.layout->word;
  for (std::uint64_t at = 0;; at += 2 * word) {
    const auto tag = read_number(section, at, word, reading.is_little_endian);
    const auto value = read_number(section, at + word, word, reading.is_little_endian);
    if (!tag || !value || *tag == DT_NULL) return false;
    if (*tag == DT_FLAGS_1) return (*value & DF_1_PIE) != 0;
  }
}

std::optional<std::uint16_t> elf_type(Bytes head, ElfReading reading) noexcept {
  const auto type =
      read_number(head, offsetof(Elf64_Ehdr, e_type), sizeof(Elf64_Half), reading.is_little_endian);
  if (!type) return std::nullopt;
  return static_cast<std::uint16_t>(*type);
}

// ET_DYN is both: an interpreter or DF_1_PIE makes it a program. libc.so.6, which names an interpreter and
// can be run, counts as one. Where the program headers cannot be read (patchelf puts them at the end of the
// file; so may an attacker), the entry point decides: linkers leave it 0 in a library.
bool is_pie(Bytes head, Bytes dynamic_section, ElfReading reading, const Segments& segments) noexcept {
  if (reading.layout == nullptr) return false;
  if (segments.interpreter) return true;
  if (segments.dynamic) {
    const Bytes in_head = slice(head, segments.dynamic->offset, segments.dynamic->size);
    return has_pie_flag(in_head, reading) || has_pie_flag(dynamic_section, reading);
  }
  if (segments.are_complete) return false;
  const auto entry =
      read_number(head, reading.layout->header_entry, reading.layout->word, reading.is_little_endian);
  return entry.value_or(0) != 0;
}

}  // namespace

bool is_elf(Bytes first) noexcept {
  return as_text(first).starts_with(std::string_view{ELFMAG, SELFMAG});
}

std::optional<Extent> elf_dynamic_section_past(Bytes head) noexcept {
  const ElfReading reading = find_reading(head);
  if (elf_type(head, reading) != ET_DYN) return std::nullopt;
  const Segments segments = read_segments(head, reading);
  if (segments.interpreter || !segments.dynamic) return std::nullopt;
  const Segment& section = *segments.dynamic;
  const bool is_in_head = slice(head, section.offset, section.size).size() == section.size;
  // pread(2) takes a signed offset.
  if (is_in_head || section.offset > INT64_MAX - head_bytes) return std::nullopt;
  return Extent{section.offset, static_cast<std::size_t>(std::min<std::uint64_t>(section.size, head_bytes))};
}

model::ElfFacts read_elf_facts(Bytes head, Bytes dynamic_section) {
  const ElfReading reading = find_reading(head);
  const Segments segments = read_segments(head, reading);
  model::ElfFacts facts;
  facts.bits = reading.layout == nullptr ? 0 : reading.layout->bits;
  facts.is_little_endian = reading.is_little_endian;
  const auto machine =
      read_number(head, offsetof(Elf64_Ehdr, e_machine), sizeof(Elf64_Half), reading.is_little_endian);
  facts.machine_number = static_cast<std::uint16_t>(machine.value_or(EM_NONE));
  facts.machine = machine ? machine_name(facts.machine_number) : "unknown";
  if (segments.interpreter) facts.interpreter = interpreter_path(head, *segments.interpreter);

  using enum model::ElfType;
  const auto type = elf_type(head, reading);
  if (type == ET_EXEC) facts.type = executable;
  if (type == ET_REL) facts.type = relocatable;
  if (type == ET_CORE) facts.type = core;
  if (type == ET_DYN) facts.type = is_pie(head, dynamic_section, reading, segments) ? pie : shared;
  // A static PIE has a dynamic section, to relocate itself by; so whether a loader is named is what counts.
  facts.is_static =
      (facts.type == executable || facts.type == pie) && segments.are_complete && !segments.interpreter;
  return facts;
}

}  // namespace dropwarden::classify
