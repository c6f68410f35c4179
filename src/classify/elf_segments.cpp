// SPDX-License-Identifier: Apache-2.0
#include "elf_segments.hpp"

#include <elf.h>

#include <climits>

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

using Bytes = std::span<const std::byte>;

void add_loaded(Segments& found, Bytes entry, ElfReading reading, Segment segment,
                std::uint64_t file_size) noexcept {
  const auto in_memory = reading.word(entry, reading.layout->program_memsz).value_or(0);
  const auto flags = reading.number(entry, reading.layout->program_flags).value_or(0);
  if (segment.size > in_memory) found.has_more_in_file_than_in_memory = true;
  if (segment.size > 0 && (segment.offset > file_size || segment.size > file_size - segment.offset))
    found.has_bytes_past_the_end = true;
  if ((flags & (PF_W | PF_X)) == (PF_W | PF_X)) found.has_writable_code = true;
}

}  // namespace

Segments read_segments(FileBytes& file, ElfReading reading) noexcept {
  Segments found;
  if (reading.layout == nullptr) return found;
  const ElfLayout& layout = *reading.layout;
  const auto table_offset = reading.word(file.head(), layout.header_phoff);
  const auto entry_size = reading.half(file.head(), layout.header_phentsize);
  const auto count = reading.half(file.head(), layout.header_phnum);
  if (!table_offset || !count) return found;
  found.count = *count;
  // Neither the kernel nor the dynamic loader takes any other entry size.
  if (entry_size != layout.program_header_size) return found;

  constexpr std::uint64_t max_table = 65536;  // load_elf_phdrs, fs/binfmt_elf.c
  const std::uint64_t size = *count * layout.program_header_size;
  found.is_table_valid =
      size > 0 && size <= max_table && *table_offset <= file.size() && size <= file.size() - *table_offset;
  found.end = found.is_table_valid ? *table_offset + size : 0;
  const Bytes table = file.at(*table_offset, size).value_or(Bytes{});
  found.are_complete = table.size() == size;
  for (std::size_t at = 0; at + layout.program_header_size <= table.size();
       at += layout.program_header_size) {
    const Bytes entry = table.subspan(at, layout.program_header_size);
    const auto type = reading.number(entry, 0);
    const Segment segment{reading.word(entry, layout.program_offset).value_or(0),
                          reading.word(entry, layout.program_filesz).value_or(0)};
    // The first of several counts, as for the kernel.
    if (type == PT_INTERP && !found.interpreter) found.interpreter = segment;
    if (type == PT_DYNAMIC && !found.dynamic) found.dynamic = segment;
    if (type == PT_LOAD) add_loaded(found, entry, reading, segment, file.size());
  }
  return found;
}

std::optional<std::string_view> read_interpreter(FileBytes& file, const Segment& segment) noexcept {
  if (segment.size < 2 || segment.size > PATH_MAX) return std::string_view{};
  const auto bytes = file.at(segment.offset, segment.size);
  if (!bytes) return std::nullopt;
  const std::string_view text = as_text(*bytes);
  // Asked for: a NUL as the last byte. The path itself ends at the first.
  if (text.size() != segment.size || text.back() != '\0') return std::string_view{};
  return text.substr(0, text.find('\0'));
}

std::optional<bool> read_pie_flag(FileBytes& file, ElfReading reading, const Segment& section) noexcept {
  const auto bytes = file.at(section.offset, section.size);
  if (!bytes) return std::nullopt;
  const std::size_t word = reading.layout->word;
  for (std::size_t at = 0;; at += 2 * word) {
    const auto tag = reading.word(*bytes, at);
    const auto value = reading.word(*bytes, at + word);
    if (!tag || !value || *tag == DT_NULL) return false;
    if (*tag == DT_FLAGS_1) return (*value & DF_1_PIE) != 0;
  }
}

}  // namespace dropwarden::classify
