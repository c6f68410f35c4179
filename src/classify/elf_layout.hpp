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
  std::size_t word;
  std::size_t header_entry, header_phoff, header_phentsize, header_phnum;
  std::size_t program_header_size, program_offset, program_filesz;
};

// How an ELF file is to be read. `layout` is null when its class is unknown.
struct ElfReading {
  const ElfLayout* layout = nullptr;
  bool is_little_endian = true;
};

// The class and byte order by which the kernel would load the file, else those that the header states.
ElfReading find_reading(std::span<const std::byte> head) noexcept;

}  // namespace dropwarden::classify
