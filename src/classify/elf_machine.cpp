// SPDX-License-Identifier: Apache-2.0
#include "elf_machine.hpp"

#include <array>
#include <elf.h>
#include <string_view>

namespace dropwarden::classify {
namespace {

struct Machine {
  std::uint16_t number;
  std::string_view name;
};

// System V gABI, chapter 4, and the registry behind it; the older numbers of a machine that has several are
// here too.
constexpr std::array machines{
    Machine{EM_NONE, "none"},
    Machine{EM_M32, "m32"},
    Machine{EM_SPARC, "sparc"},
    Machine{EM_386, "i386"},
    Machine{EM_68K, "m68k"},
    Machine{EM_88K, "m88k"},
    Machine{EM_IAMCU, "iamcu"},
    Machine{EM_MIPS, "mips"},
    Machine{EM_MIPS_RS3_LE, "mips"},
    Machine{EM_PARISC, "parisc"},
    Machine{EM_SPARC32PLUS, "sparc"},
    Machine{EM_PPC, "ppc"},
    Machine{EM_PPC64, "ppc64"},
    Machine{EM_S390, "s390"},
    Machine{EM_SPU, "spu"},
    Machine{EM_ARM, "arm"},
    Machine{EM_FAKE_ALPHA, "alpha"},
    Machine{EM_SH, "sh"},
    Machine{EM_SPARCV9, "sparc64"},
    Machine{EM_TRICORE, "tricore"},
    Machine{EM_ARC, "arc"},
    Machine{EM_IA_64, "ia64"},
    Machine{EM_COLDFIRE, "coldfire"},
    Machine{EM_X86_64, "x86_64"},
    Machine{EM_VAX, "vax"},
    Machine{EM_CRIS, "cris"},
    Machine{EM_AVR, "avr"},
    Machine{EM_V850, "v850"},
    Machine{EM_M32R, "m32r"},
    Machine{EM_OPENRISC, "openrisc"},
    Machine{EM_ARC_COMPACT, "arc"},
    Machine{EM_XTENSA, "xtensa"},
    Machine{EM_MSP430, "msp430"},
    Machine{EM_BLACKFIN, "blackfin"},
    Machine{EM_ALTERA_NIOS2, "nios2"},
    Machine{EM_SCORE7, "score7"},
    Machine{EM_QDSP6, "hexagon"},
    Machine{EM_NDS32, "nds32"},
    Machine{EM_METAG, "metag"},
    Machine{EM_MCST_ELBRUS, "e2k"},
    Machine{EM_K10M, "k10m"},
    Machine{EM_AARCH64, "aarch64"},
    Machine{EM_AVR32, "avr32"},
    Machine{EM_TILE64, "tile64"},
    Machine{EM_TILEPRO, "tilepro"},
    Machine{EM_MICROBLAZE, "microblaze"},
    Machine{EM_CUDA, "cuda"},
    Machine{EM_TILEGX, "tilegx"},
    Machine{EM_ARCV2, "arc"},
    Machine{EM_AMDGPU, "amdgpu"},
    Machine{EM_RISCV, "riscv"},
    Machine{EM_BPF, "bpf"},
    Machine{EM_CSKY, "csky"},
    Machine{EM_LOONGARCH, "loongarch"},
    Machine{EM_ALPHA, "alpha"},
};

}  // namespace

std::string machine_name(std::uint16_t number) {
  for (const Machine& machine : machines) {
    if (machine.number == number) return std::string(machine.name);
  }
  return std::to_string(number);
}

}  // namespace dropwarden::classify
