// SPDX-License-Identifier: Apache-2.0
#include "elf_abi.hpp"

#include <array>
#include <elf.h>
#include <string_view>

namespace dropwarden::classify {
namespace {

struct Abi {
  std::uint8_t number;
  std::string_view name;
};

// System V gABI, chapter 4, EI_OSABI. From 64 on a number means something else for each machine.
constexpr std::array abis{
    Abi{ELFOSABI_SYSV, "sysv"},
    Abi{ELFOSABI_HPUX, "hpux"},
    Abi{ELFOSABI_NETBSD, "netbsd"},
    Abi{ELFOSABI_GNU, "gnu"},
    Abi{ELFOSABI_SOLARIS, "solaris"},
    Abi{ELFOSABI_AIX, "aix"},
    Abi{ELFOSABI_IRIX, "irix"},
    Abi{ELFOSABI_FREEBSD, "freebsd"},
    Abi{ELFOSABI_TRU64, "tru64"},
    Abi{ELFOSABI_MODESTO, "modesto"},
    Abi{ELFOSABI_OPENBSD, "openbsd"},
    Abi{13, "openvms"},
    Abi{14, "nsk"},
    Abi{15, "aros"},
    Abi{16, "fenixos"},
    Abi{17, "cloudabi"},
    Abi{18, "openvos"},
    Abi{ELFOSABI_STANDALONE, "standalone"},
};

}  // namespace

std::string os_abi_name(std::uint8_t number) {
  for (const Abi& abi : abis) {
    if (abi.number == number) return std::string(abi.name);
  }
  return std::to_string(number);
}

}  // namespace dropwarden::classify
