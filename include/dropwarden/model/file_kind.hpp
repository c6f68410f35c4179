// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dropwarden::model {

enum class Format { elf, script };
const char* name_of(Format format);

enum class ElfType { executable, pie, shared, relocatable, core, unknown };
const char* name_of(ElfType type);

// ELF header facts (elf(5)), read the way the kernel would load the file: it looks at neither the class nor
// the byte order that the header states.
struct ElfFacts {
  ElfType type = ElfType::unknown;
  unsigned bits = 0;  // 32 or 64; 0 when the class byte is neither and no class fits
  bool is_little_endian = true;
  std::uint16_t machine_number = 0;  // e_machine
  std::string
      machine;  // `x86_64`, `riscv`, …; the number in decimal when it has no name, `unknown` when cut off
  std::string interpreter;  // PT_INTERP, raw bytes; empty when there is none in reach
  bool is_static = false;   // a program that runs without a dynamic loader; false when that is not known
};

struct ScriptFacts {
  std::string interpreter;  // first word after `#!`, raw bytes
  std::string argument;     // the rest of the line, one argument to the kernel (execve(2)), raw bytes
};

// What a header says a file is.
struct FileKind {
  Format format = Format::elf;
  std::optional<ElfFacts> elf;
  std::optional<ScriptFacts> script;
};

}  // namespace dropwarden::model
