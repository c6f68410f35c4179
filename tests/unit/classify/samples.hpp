// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Small files in formats that no program of Debian's default installation writes, by the byte.
namespace dropwarden::classify::samples {

inline std::string number(std::uint64_t value, std::size_t width, bool is_little_endian) {
  std::string bytes(width, '\0');
  for (std::size_t i = 0; i < width; ++i)
    bytes[is_little_endian ? i : width - 1 - i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

struct Pe {
  bool is_64 = false;
  std::uint16_t machine = 0x014c;
  std::uint16_t characteristics = 0x0102;
  std::uint16_t subsystem = 3;
  bool has_cli = false;
  std::uint32_t directories = 16;
  std::size_t offset = 0x80;
};

inline std::string pe(Pe pe) {
  std::string text = "MZ";
  text.resize(pe.offset);
  text.replace(0x3c, 4, number(pe.offset, 4, true));
  text += std::string("PE\0\0", 4);
  const std::size_t optional_size = (pe.is_64 ? 112 : 96) + 16 * 8;
  text += number(pe.machine, 2, true) + std::string(14, '\0') + number(optional_size, 2, true) +
          number(pe.characteristics, 2, true);
  std::string optional(optional_size, '\0');
  optional.replace(0, 2, number(pe.is_64 ? 0x20b : 0x10b, 2, true));
  optional.replace(68, 2, number(pe.subsystem, 2, true));
  const std::size_t directories = pe.is_64 ? 112 : 96;
  optional.replace(directories - 4, 4, number(pe.directories, 4, true));
  if (pe.has_cli) optional.replace(directories + 14 * 8, 4, number(0x2008, 4, true));
  return text + optional;
}

inline std::string mach_o(std::uint32_t magic, bool is_little_endian, std::uint32_t machine = 12 | 0x01000000,
                          std::uint32_t type = 2) {
  const auto field = [=](std::uint32_t value) { return number(value, 4, is_little_endian); };
  return field(magic) + field(machine) + field(0) + field(type) + std::string(16, '\0');
}

inline std::string universal(std::uint32_t parts) {
  std::string text = number(0xcafebabe, 4, false) + number(parts, 4, false);
  for (std::uint32_t i = 0; i < parts; ++i) text += number(7 | 0x01000000, 4, false) + std::string(16, '\0');
  return text;
}

inline std::string java_class(std::uint16_t major) {
  return number(0xcafebabe, 4, false) + number(0, 2, false) + number(major, 2, false) + std::string(20, '\0');
}

// The first entry of a zip archive, with nothing in it.
inline std::string zip(std::string_view name) {
  return std::string("PK\3\4\24\0", 6) + std::string(20, '\0') + number(name.size(), 2, true) +
         std::string(2, '\0') + std::string(name);
}

inline std::string pyc(std::uint16_t magic) {
  return number(magic, 2, true) + "\r\n" + std::string(12, '\0');
}

inline std::string bflt(std::uint32_t version, std::uint32_t flags) {
  return "bFLT" + number(version, 4, false) + std::string(28, '\0') + number(flags, 4, false) +
         std::string(24, '\0');
}

inline std::string archive(std::string_view magic, std::string_view member) {
  std::string name(member);
  name.resize(16, ' ');
  return std::string(magic) + name + "0           0     0     644     0         `\n";
}

}  // namespace dropwarden::classify::samples
