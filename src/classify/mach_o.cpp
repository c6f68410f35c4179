// SPDX-License-Identifier: Apache-2.0
#include "mach_o.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "bytes.hpp"

// "OS X ABI Mach-O File Format Reference"; <mach-o/loader.h>, <mach-o/fat.h>, <mach/machine.h> of Darwin.
namespace dropwarden::classify {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint64_t magic_32 = 0xfeedface;
constexpr std::uint64_t magic_64 = 0xfeedfacf;
constexpr std::uint64_t fat_magic = 0xcafebabe;
constexpr std::uint64_t fat_magic_64 = 0xcafebabf;
// A Java class has its version where a universal file has the number of its parts, and 45 was the first
// version. file(1) draws the line there, too.
constexpr std::uint64_t first_java_version = 45;

std::uint64_t number(Bytes bytes, std::uint64_t offset, bool is_little_endian) noexcept {
  return read_number(bytes, offset, 4, is_little_endian).value_or(0);
}

bool is_thin(std::uint64_t magic) noexcept {
  return magic == magic_32 || magic == magic_64;
}

bool is_universal(Bytes first) noexcept {
  const auto magic = number(first, 0, false);
  const auto parts = number(first, 4, false);
  return (magic == fat_magic || magic == fat_magic_64) && parts > 0 && parts < first_java_version;
}

std::string machine_name(std::uint64_t type) {
  constexpr std::uint64_t is_64 = 0x01000000;
  constexpr std::uint64_t is_64_32 = 0x02000000;
  switch (type) {
    case 7:
      return "i386";
    case 7 | is_64:
      return "x86_64";
    case 12:
      return "arm";
    case 12 | is_64:
      return "aarch64";
    case 12 | is_64_32:
      return "arm64_32";
    case 18:
      return "ppc";
    case 18 | is_64:
      return "ppc64";
    default:
      return std::to_string(type);
  }
}

model::MachOType type_of(std::uint64_t file_type) noexcept {
  using enum model::MachOType;
  switch (file_type) {
    case 1:
      return object;
    case 2:
    case 5:
    case 7:
      // MH_EXECUTE, MH_PRELOAD, MH_DYLINKER
      return executable;
    case 3:
    case 6:
      // MH_FVMLIB, MH_DYLIB
      return library;
    case 4:
      return core;
    case 8:
      return bundle;
    case 11:
      return kernel_extension;
    default:
      return unknown;
  }
}

model::MachOFacts read_universal(Bytes head) {
  constexpr std::uint64_t max_parts_told = 16;
  model::MachOFacts facts{.type = model::MachOType::universal, .bits = 0, .machines = {}};
  const std::uint64_t part_size = number(head, 0, false) == fat_magic_64 ? 32 : 20;
  const std::uint64_t parts = std::min(number(head, 4, false), max_parts_told);
  for (std::uint64_t i = 0; i < parts; ++i) {
    const auto type = read_number(head, 8 + i * part_size, 4, false);
    if (!type) break;
    facts.machines.push_back(machine_name(*type));
  }
  return facts;
}

}  // namespace

bool is_mach_o(Bytes first) noexcept {
  return is_thin(number(first, 0, true)) || is_thin(number(first, 0, false)) || is_universal(first);
}

model::MachOFacts read_mach_o_facts(Bytes head) {
  if (is_universal(head)) return read_universal(head);
  const bool is_little_endian = is_thin(number(head, 0, true));
  model::MachOFacts facts;
  facts.bits = number(head, 0, is_little_endian) == magic_64 ? 64 : 32;
  if (const auto type = read_number(head, 4, 4, is_little_endian)) facts.machines = {machine_name(*type)};
  facts.type = type_of(number(head, 12, is_little_endian));
  return facts;
}

}  // namespace dropwarden::classify
