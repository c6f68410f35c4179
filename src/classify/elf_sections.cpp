// SPDX-License-Identifier: Apache-2.0
#include "elf_sections.hpp"

#include <elf.h>
#include <string_view>

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

using Bytes = std::span<const std::byte>;

// The section headers, as many as one part holds.
struct Table {
  ElfReading reading;
  Bytes bytes;
  std::uint64_t count = 0;

  std::size_t shown() const noexcept { return bytes.size() / reading.layout->section_header_size; }
  Bytes entry(std::size_t index) const noexcept {
    const std::size_t size = reading.layout->section_header_size;
    return slice(bytes, index * size, size);
  }
};

std::optional<bool> has_symbol_table(const Table& table) noexcept {
  for (std::size_t i = 0; i < table.shown(); ++i) {
    if (table.reading.number(table.entry(i), offsetof(Elf64_Shdr, sh_type)) == SHT_SYMTAB) return true;
  }
  if (table.shown() < table.count) return std::nullopt;
  return false;
}

std::optional<bool> has_module_section(FileBytes& file, const Table& table,
                                       std::uint16_t names_index) noexcept {
  if (names_index >= table.shown()) return std::nullopt;
  const Bytes header = table.entry(names_index);
  const auto offset = table.reading.word(header, table.reading.layout->section_offset);
  const auto size = table.reading.word(header, table.reading.layout->section_size);
  if (!offset || !size) return std::nullopt;
  const auto bytes = file.at(*offset, *size);
  if (!bytes) return std::nullopt;
  const std::string_view names = as_text(*bytes);
  bool are_all_known = table.shown() >= table.count;
  for (std::size_t i = 0; i < table.shown(); ++i) {
    const std::uint64_t at = table.reading.number(table.entry(i), offsetof(Elf64_Shdr, sh_name)).value_or(0);
    if (at >= names.size()) {
      are_all_known = are_all_known && at >= *size;
      continue;
    }
    const std::string_view name = names.substr(static_cast<std::size_t>(at));
    const std::string_view word = name.substr(0, name.find('\0'));
    if (word == ".modinfo" || word == ".gnu.linkonce.this_module") return true;
  }
  if (!are_all_known) return std::nullopt;
  return false;
}

}  // namespace

Sections read_sections(FileBytes& file, ElfReading reading, bool are_names_wanted) noexcept {
  Sections found;
  if (reading.layout == nullptr) return found;
  const ElfLayout& layout = *reading.layout;
  const auto offset = reading.word(file.head(), layout.header_shoff);
  const auto entry_size = reading.half(file.head(), layout.header_shentsize);
  const auto count = reading.half(file.head(), layout.header_shnum);
  const auto names_index = reading.half(file.head(), layout.header_shstrndx);
  if (!offset || !entry_size || !count || !names_index) return found;
  if (*offset == 0) {
    found.are_absent = true;
    found.have_symbols = false;
    found.have_module_section = false;
    return found;
  }
  // No entries, though a table: more than fit the field, their number is in the first entry. Such a file is a
  // large object.
  const std::uint64_t size = std::uint64_t{*count} * layout.section_header_size;
  found.is_table_valid =
      entry_size == layout.section_header_size && *offset <= file.size() && size <= file.size() - *offset;
  if (!found.is_table_valid || *count == 0) return found;
  const auto bytes = file.at(*offset, size);
  if (!bytes) return found;
  const Table table{reading, *bytes, *count};
  found.have_symbols = has_symbol_table(table);
  if (are_names_wanted) found.have_module_section = has_module_section(file, table, *names_index);
  return found;
}

}  // namespace dropwarden::classify
