// SPDX-License-Identifier: Apache-2.0
#include "elf_layout.hpp"

#include <array>
#include <elf.h>

#include "bytes.hpp"

namespace dropwarden::classify {
namespace {

template <class Header, class Segment, class Section, class Word>
constexpr ElfLayout layout_of(unsigned bits, std::uint8_t class_byte) {
  return {.bits = bits,
          .class_byte = class_byte,
          .word = sizeof(Word),
          .header_size = sizeof(Header),
          .header_entry = offsetof(Header, e_entry),
          .header_phoff = offsetof(Header, e_phoff),
          .header_shoff = offsetof(Header, e_shoff),
          .header_ehsize = offsetof(Header, e_ehsize),
          .header_phentsize = offsetof(Header, e_phentsize),
          .header_phnum = offsetof(Header, e_phnum),
          .header_shentsize = offsetof(Header, e_shentsize),
          .header_shnum = offsetof(Header, e_shnum),
          .header_shstrndx = offsetof(Header, e_shstrndx),
          .program_header_size = sizeof(Segment),
          .program_flags = offsetof(Segment, p_flags),
          .program_offset = offsetof(Segment, p_offset),
          .program_filesz = offsetof(Segment, p_filesz),
          .program_memsz = offsetof(Segment, p_memsz),
          .section_header_size = sizeof(Section),
          .section_offset = offsetof(Section, sh_offset),
          .section_size = offsetof(Section, sh_size)};
}

constexpr ElfLayout layout_32 = layout_of<Elf32_Ehdr, Elf32_Phdr, Elf32_Shdr, Elf32_Addr>(32, ELFCLASS32);
constexpr ElfLayout layout_64 = layout_of<Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr, Elf64_Addr>(64, ELFCLASS64);
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
  const auto half = [&](std::size_t offset) { return reading.half(head, offset).value_or(0); };
  const auto type = half(offsetof(Elf64_Ehdr, e_type));
  return (type == ET_EXEC || type == ET_DYN) &&
         half(reading.layout->header_phentsize) == reading.layout->program_header_size &&
         half(reading.layout->header_phnum) != 0;
}

}  // namespace

std::optional<std::uint16_t> ElfReading::half(std::span<const std::byte> bytes,
                                              std::size_t offset) const noexcept {
  const auto value = read_number(bytes, offset, sizeof(Elf64_Half), is_little_endian);
  if (!value) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

std::optional<std::uint32_t> ElfReading::number(std::span<const std::byte> bytes,
                                                std::size_t offset) const noexcept {
  const auto value = read_number(bytes, offset, sizeof(Elf64_Word), is_little_endian);
  if (!value) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

std::optional<std::uint64_t> ElfReading::word(std::span<const std::byte> bytes,
                                              std::size_t offset) const noexcept {
  return read_number(bytes, offset, layout->word, is_little_endian);
}

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
