// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/minimal_elf.hpp"

#include <cstring>
#include <elf.h>

namespace dropwarden::util {

std::string minimal_elf(std::string_view text) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  std::string content(sizeof header, '\0');
  std::memcpy(content.data(), &header, sizeof header);
  return content.append(text);
}

}  // namespace dropwarden::util
