// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace dropwarden::classify {

// Where the fields of one ELF class are, in bytes (elf(5)). `word` is the width of an address or offset.
struct ElfLayout {
  unsigned bits;
  std::uint8_t class_byte;
  std::size_t word;
  std::size_t header_size, header_entry, header_phoff, header_shoff;
  std::size_t header_ehsize, header_phentsize, header_phnum, header_shentsize, header_shnum, header_shstrndx;
  std::size_t program_header_size, program_flags, program_offset, program_filesz, program_memsz;
  std::size_t section_header_size, section_offset, section_size;
};

// How an ELF file is to be read. `layout` is null when its class is unknown.
struct ElfReading {
  const ElfLayout* layout = nullptr;
  bool is_little_endian = true;

  // The field of two bytes at `offset` of `bytes`; nothing when they end before.
  std::optional<std::uint16_t> half(std::span<const std::byte> bytes, std::size_t offset) const noexcept;
  // Of four bytes.
  std::optional<std::uint32_t> number(std::span<const std::byte> bytes, std::size_t offset) const noexcept;
  // Of `layout->word` bytes.
  std::optional<std::uint64_t> word(std::span<const std::byte> bytes, std::size_t offset) const noexcept;
};

// The class and byte order by which the kernel would load the file, else those that the header states.
ElfReading find_reading(std::span<const std::byte> head) noexcept;

}  // namespace dropwarden::classify
