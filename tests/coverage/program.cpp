// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <vector>

namespace dropwarden::test {
namespace {

constexpr std::uint64_t base = 0x400000;

#if defined(__x86_64__)
constexpr std::uint16_t machine = EM_X86_64;
// xor edi, edi; mov eax, 231 (exit_group); syscall
const std::vector<unsigned char> code{0x31, 0xff, 0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05};
#elif defined(__aarch64__)
constexpr std::uint16_t machine = EM_AARCH64;
// mov x0, #0; mov x8, #94 (exit_group); svc #0
const std::vector<unsigned char> code{0x00, 0x00, 0x80, 0xd2, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};
#else
#error "the coverage tests need the few instructions of a program for this machine"
#endif

Elf64_Ehdr make_header(std::uint16_t type) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = type;
  header.e_machine = machine;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  return header;
}

template <class T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

std::string make_program(std::string_view salt) {
  Elf64_Ehdr header = make_header(ET_EXEC);
  constexpr auto start = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  header.e_entry = base + start;
  header.e_phoff = sizeof(Elf64_Ehdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = PF_R | PF_X;
  segment.p_vaddr = base;
  segment.p_paddr = base;
  segment.p_filesz = start + code.size();
  segment.p_memsz = segment.p_filesz;
  segment.p_align = 0x1000;
  std::string bytes;
  append(bytes, header);
  append(bytes, segment);
  bytes.append(reinterpret_cast<const char*>(code.data()), code.size());
  return bytes.append(salt);
}

std::string make_object(std::string_view salt) {
  Elf64_Ehdr header = make_header(ET_REL);
  header.e_shoff = sizeof header;
  header.e_shnum = 1;
  std::string bytes;
  append(bytes, header);
  append(bytes, Elf64_Shdr{});
  return bytes.append(salt);
}

std::string make_core_dump(std::string_view salt) {
  Elf64_Ehdr header = make_header(ET_CORE);
  header.e_phoff = sizeof header;
  header.e_phnum = 1;
  Elf64_Phdr note{};
  note.p_type = PT_NOTE;
  std::string bytes;
  append(bytes, header);
  append(bytes, note);
  return bytes.append(salt);
}

}  // namespace dropwarden::test
