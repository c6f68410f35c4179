// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <elf.h>
#include <string>
#include <string_view>

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
      text.resize(sizeof(Header) + count * sizeof(Segment));
    };
    add_segment(PT_LOAD, 0, 4096);
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
