// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <elf.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bytes.hpp"

namespace dropwarden::classify {

// Writes ELF files by the field, in any class and byte order, right and wrong ones.
struct ElfBuilder {
  unsigned bits = 64;
  bool is_little_endian = true;
  std::uint16_t type = ET_DYN;
  std::uint16_t machine = EM_X86_64;
  std::uint64_t entry = 0;
  std::string interpreter{};  // with its NUL, if it is to have one
  bool has_dynamic = false;
  std::uint64_t flags_1 = 0;  // DT_FLAGS_1 of the dynamic section
  std::size_t dynamic_offset = 1024;

  std::string text{};

  void put(std::size_t offset, std::uint64_t value, std::size_t width) {
    if (text.size() < offset + width) text.resize(offset + width);
    for (std::size_t i = 0; i < width; ++i) {
      text[offset + (is_little_endian ? i : width - 1 - i)] = static_cast<char>(value >> (8 * i));
    }
  }

  template <class Header, class Segment, class Word>
  void put_all() {
    constexpr std::size_t word = sizeof(Word);
    text = std::string(ELFMAG) + static_cast<char>(bits == 32 ? ELFCLASS32 : ELFCLASS64) +
           static_cast<char>(is_little_endian ? ELFDATA2LSB : ELFDATA2MSB) + '\1';
    put(offsetof(Header, e_type), type, 2);
    put(offsetof(Header, e_machine), machine, 2);
    put(offsetof(Header, e_version), EV_CURRENT, 4);
    put(offsetof(Header, e_ehsize), sizeof(Header), 2);
    put(offsetof(Header, e_entry), entry, word);
    put(offsetof(Header, e_phoff), sizeof(Header), word);
    put(offsetof(Header, e_phentsize), sizeof(Segment), 2);
    text.resize(sizeof(Header));
    std::uint16_t count = 0;
    const auto add_segment = [&](std::uint32_t segment_type, std::uint64_t offset, std::uint64_t size) {
      const std::size_t at = sizeof(Header) + count++ * sizeof(Segment);
      put(at + offsetof(Segment, p_type), segment_type, 4);
      put(at + offsetof(Segment, p_offset), offset, word);
      put(at + offsetof(Segment, p_filesz), size, word);
      put(at + offsetof(Segment, p_memsz), size, word);
      text.resize(sizeof(Header) + count * sizeof(Segment));
    };
    add_segment(PT_LOAD, 0, sizeof(Header));
    constexpr std::size_t interpreter_offset = 512;
    if (!interpreter.empty()) add_segment(PT_INTERP, interpreter_offset, interpreter.size());
    if (has_dynamic) add_segment(PT_DYNAMIC, dynamic_offset, 4 * word);
    put(offsetof(Header, e_phnum), count, 2);
    if (!interpreter.empty()) {
      text.resize(interpreter_offset);
      text += interpreter;
    }
    if (has_dynamic) {
      put(dynamic_offset, DT_FLAGS_1, word);
      put(dynamic_offset + word, flags_1, word);
      put(dynamic_offset + 3 * word, 0, word);
    }
  }

  // Puts section headers behind what `build` made: an empty one, one for each of `names` with its type, and
  // the one that holds the names.
  template <class Header, class Section, class Word>
  void put_sections(const std::vector<std::pair<std::string, std::uint32_t>>& sections) {
    constexpr std::size_t word = sizeof(Word);
    std::string names(1, '\0');
    const std::size_t names_offset = text.size();
    std::vector<std::pair<std::size_t, std::uint32_t>> headers{{0, SHT_NULL}};
    for (const auto& [name, section_type] : sections) {
      headers.emplace_back(names.size(), section_type);
      names += name + '\0';
    }
    headers.emplace_back(0, SHT_STRTAB);
    text += names;
    const std::size_t table = text.size();
    put(offsetof(Header, e_shoff), table, word);
    put(offsetof(Header, e_shentsize), sizeof(Section), 2);
    put(offsetof(Header, e_shnum), headers.size(), 2);
    put(offsetof(Header, e_shstrndx), headers.size() - 1, 2);
    for (std::size_t i = 0; i < headers.size(); ++i) {
      const std::size_t at = table + i * sizeof(Section);
      put(at + offsetof(Section, sh_name), headers[i].first, 4);
      put(at + offsetof(Section, sh_type), headers[i].second, 4);
      text.resize(at + sizeof(Section));
    }
    const std::size_t last = table + (headers.size() - 1) * sizeof(Section);
    put(last + offsetof(Section, sh_offset), names_offset, word);
    put(last + offsetof(Section, sh_size), names.size(), word);
  }

  void add_sections(const std::vector<std::pair<std::string, std::uint32_t>>& sections) {
    if (bits == 32) {
      put_sections<Elf32_Ehdr, Elf32_Shdr, Elf32_Addr>(sections);
    } else {
      put_sections<Elf64_Ehdr, Elf64_Shdr, Elf64_Addr>(sections);
    }
  }

  Bytes build() {
    if (bits == 32) {
      put_all<Elf32_Ehdr, Elf32_Phdr, Elf32_Addr>();
    } else {
      put_all<Elf64_Ehdr, Elf64_Phdr, Elf64_Addr>();
    }
    return to_bytes(text);
  }
};

}  // namespace dropwarden::classify
