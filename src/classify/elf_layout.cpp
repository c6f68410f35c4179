// SPDX-License-Identifier: Apache-2.0
#include "elf_layout.hpp"

#include <array>
#include <elf.h>

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

constexpr ElfLayout layout_32{.bits = 32,
                              .word = sizeof(Elf32_Addr),
                              .header_entry = offsetof(Elf32_Ehdr, e_entry),
                              .header_phoff = offsetof(Elf32_Ehdr, e_phoff),
                              .header_phentsize = offsetof(Elf32_Ehdr, e_phentsize),
                              .header_phnum = offsetof(Elf32_Ehdr, e_phnum),
                              .program_header_size = sizeof(Elf32_Phdr),
                              .program_offset = offsetof(Elf32_Phdr, p_offset),
                              .program_filesz = offsetof(Elf32_Phdr, p_filesz)};
constexpr ElfLayout layout_64{.bits = 64,
                              .word = sizeof(Elf64_Addr),
                              .header_entry = offsetof(Elf64_Ehdr, e_entry),
                              .header_phoff = offsetof(Elf64_Ehdr, e_phoff),
                              .header_phentsize = offsetof(Elf64_Ehdr, e_phentsize),
                              .header_phnum = offsetof(Elf64_Ehdr, e_phnum),
                              .program_header_size = sizeof(Elf64_Phdr),
                              .program_offset = offsetof(Elf64_Phdr, p_offset),
                              .program_filesz = offsetof(Elf64_Phdr, p_filesz)};
constexpr std::array readings{ElfReading{&layout_64, true}, ElfReading{&layout_32, true},
                              ElfReading{&layout_64, false}, ElfReading{&layout_32, false}};

ElfReading stated_reading(std::span<const std::byte> head) noexcept {
  const auto ident = [&](std::size_t index) { return read_number(head, index, 1, true).value_or(0); };
  return {.layout = ident(EI_CLASS) == ELFCLASS32   ? &layout_32
                    : ident(EI_CLASS) == ELFCLASS64 ? &layout_64
                                                    : nullptr,
          .is_little_endian = ident(EI_DATA) != ELFDATA2MSB};
}

// What the kernel asks of a header before it loads the file (fs/binfmt_elf.c, load_elf_phdrs), the machine
// left out.
bool is_loadable(std::span<const std::byte> head, ElfReading reading) noexcept {
  const auto half = [&](std::size_t offset) {
    return read_number(head, offset, sizeof(Elf64_Half), reading.is_little_endian).value_or(0);
  };
  const auto type = half(offsetof(Elf64_Ehdr, e_type));
  return (type == ET_EXEC || type == ET_DYN) &&
         half(reading.layout->header_phentsize) == reading.layout->program_header_size &&
         half(reading.layout->header_phnum) != 0;
}

}  // namespace

// The kernel looks neither at the class nor at the byte order in e_ident: a file that lies about them runs,
// and is misread by every tool that believes it.
ElfReading find_reading(std::span<const std::byte> head) noexcept {
  const ElfReading stated = stated_reading(head);
  if (stated.layout != nullptr && is_loadable(head, stated)) return stated;
  for (const ElfReading reading : readings) {
    if (is_loadable(head, reading)) return reading;
  }
  return stated;
}

}  // namespace dropwarden::classify
