// SPDX-License-Identifier: Apache-2.0
#include "pe.hpp"

#include <array>
#include <string_view>

#include "bytes.hpp"

// "PE Format", https://learn.microsoft.com/windows/win32/debug/pe-format. All numbers are little-endian.
namespace dropwarden::classify {
namespace {

using Bytes = std::span<const std::byte>;

struct Machine {
  std::uint16_t number;
  std::string_view name;
};

// Named as ELF machines are.
constexpr std::array machines{
    Machine{0x014c, "i386"},   Machine{0x0166, "mips"},      Machine{0x01c0, "arm"},
    Machine{0x01c2, "arm"},    Machine{0x01c4, "arm"},       Machine{0x01f0, "ppc"},
    Machine{0x0200, "ia64"},   Machine{0x0ebc, "ebc"},       Machine{0x5032, "riscv"},
    Machine{0x5064, "riscv"},  Machine{0x6232, "loongarch"}, Machine{0x6264, "loongarch"},
    Machine{0x8664, "x86_64"}, Machine{0xaa64, "aarch64"},
};

std::string machine_name(std::uint64_t number) {
  for (const Machine& machine : machines) {
    if (machine.number == number) return std::string(machine.name);
  }
  return std::to_string(number);
}

std::uint64_t number(Bytes bytes, std::uint64_t offset, std::size_t width) noexcept {
  return read_number(bytes, offset, width, true).value_or(0);
}

model::PeType find_type(std::uint64_t characteristics, std::uint64_t subsystem) noexcept {
  constexpr std::uint64_t is_executable = 0x0002;
  constexpr std::uint64_t is_library = 0x2000;
  constexpr std::uint64_t native = 1;
  constexpr std::uint64_t efi_application = 10;
  constexpr std::uint64_t efi_rom = 13;
  if (subsystem >= efi_application && subsystem <= efi_rom) return model::PeType::efi;
  if (subsystem == native) return model::PeType::driver;
  if ((characteristics & is_library) != 0) return model::PeType::library;
  return (characteristics & is_executable) != 0 ? model::PeType::executable : model::PeType::unknown;
}

}  // namespace

bool has_dos_magic(Bytes first) noexcept {
  return as_text(first).starts_with("MZ");
}

std::optional<model::PeFacts> read_pe_facts(FileBytes& file) {
  constexpr std::uint64_t offset_of_offset = 0x3c;
  // Signature, COFF header, optional header with all data directories.
  constexpr std::uint64_t header_size = 4 + 20 + 112 + 16 * 8;
  const auto offset = read_number(file.head(), offset_of_offset, 4, true);
  if (!offset) return std::nullopt;
  const Bytes header = file.at(*offset, header_size).value_or(Bytes{});
  if (as_text(slice(header, 0, 4)) != std::string_view{"PE\0\0", 4}) return std::nullopt;

  const Bytes coff = slice(header, 4, 20);
  const Bytes optional = slice(header, 24, number(coff, 16, 2));
  const auto magic = number(optional, 0, 2);
  const bool is_64 = magic == 0x20b;
  const bool is_32 = magic == 0x10b;
  model::PeFacts facts;
  facts.machine = machine_name(number(coff, 0, 2));
  facts.bits = is_64 ? 64 : is_32 ? 32 : 0;
  facts.type = find_type(number(coff, 18, 2), number(optional, 68, 2));
  constexpr std::uint64_t cli_directory = 14;
  const std::uint64_t directories = is_64 ? 112 : 96;
  const bool has_directory = (is_64 || is_32) && number(optional, directories - 4, 4) > cli_directory;
  facts.is_dotnet = has_directory && number(optional, directories + 8 * cli_directory, 4) != 0;
  return facts;
}

}  // namespace dropwarden::classify
