// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dropwarden::model {

// `executable_text` is a text without `#!` that has an execute permission bit; `binfmt_misc` is in no format
// known here, but a registration of the node runs it.
enum class Format {
  elf,
  script,
  pe,
  mach_o,
  ape,
  java_class,
  jar,
  python_bytecode,
  wasm,
  bflt,
  archive,
  executable_text,
  binfmt_misc
};
const char* name_of(Format format);

enum class ElfType { executable, pie, shared, relocatable, core, unknown };
const char* name_of(ElfType type);

// What is wrong with an ELF file. The kernel runs no file with a defect up to `segment`; the others mislead
// the tools that read it, while it runs.
enum class ElfDefect {
  truncated,             // the file ends in its header
  program_headers,       // none, too many, of the wrong size, or past the end of the file
  interpreter,           // PT_INTERP is empty, longer than PATH_MAX, or does not end in NUL
  segment,               // a PT_LOAD with more bytes in the file than in memory
  class_byte,            // not that of the fields
  byte_order,            // likewise
  version,               // e_ident's or the header's is not 1
  header_size,           // e_ehsize is another
  segment_past_the_end,  // a PT_LOAD has bytes that the file has not
  section_headers        // of the wrong size, or past the end of the file
};
const char* name_of(ElfDefect defect);

// Why an ELF file seems packed. One that hides it may show none of these.
enum class PackingSign {
  upx,                 // the header or trailer that UPX leaves
  no_section_headers,  // which every linker writes and no packer keeps
  writable_code,       // a segment that is written to and run
  high_entropy         // the bytes behind the headers, or the last ones, are as compressed ones are
};
const char* name_of(PackingSign sign);

// ELF facts (elf(5)), read the way the kernel would load the file: it looks at neither the class nor the byte
// order that the header states.
struct ElfFacts {
  ElfType type = ElfType::unknown;
  unsigned bits = 0;  // 32 or 64; 0 when the class byte is neither and no class fits
  bool is_little_endian = true;
  std::uint16_t machine_number = 0;  // e_machine
  std::string
      machine;  // `x86_64`, `riscv`, …; the number in decimal when it has no name, `unknown` when cut off
  std::string interpreter;  // PT_INTERP, raw bytes; empty when there is none in reach
  bool is_static = false;   // a program that runs without a dynamic loader; false when that is not known
  std::string os_abi{};     // `sysv`, `gnu`, …; the number in decimal when it has no name
  std::optional<bool> is_stripped{};  // no symbol table; nothing when the section headers are out of reach
  std::optional<bool> is_kernel_module{};  // likewise
  std::optional<bool>
      has_module_signature{};  // of a kernel module: a signature is appended. Not that it holds
  bool is_ebpf = false;        // an object of eBPF programs
  unsigned appimage_type = 0;  // 1 or 2; 0 for what is no AppImage
  std::vector<ElfDefect> defects{};
  std::vector<PackingSign> packing{};  // empty when it does not seem packed
};

struct ScriptFacts {
  std::string interpreter;  // first word after `#!`, raw bytes
  std::string argument;     // the rest of the line, one argument to the kernel (execve(2)), raw bytes
  std::string program{};    // what reads the script, without directory and with env(1) seen through
};

// Portable Executable: programs and libraries of Windows, UEFI and .NET.
enum class PeType { executable, library, driver, efi, unknown };
const char* name_of(PeType type);

struct PeFacts {
  PeType type = PeType::unknown;
  unsigned bits = 0;       // 32 or 64; 0 when not known
  std::string machine;     // `x86_64`, `i386`, …; the number in decimal when it has no name
  bool is_dotnet = false;  // has a CLI header (ECMA-335 II.25.3.3)
};

enum class MachOType { executable, library, bundle, object, core, kernel_extension, universal, unknown };
const char* name_of(MachOType type);

struct MachOFacts {
  MachOType type = MachOType::unknown;  // `universal` holds several others
  unsigned bits = 0;                    // 32 or 64; 0 for a universal one
  std::vector<std::string> machines;    // of each part, at most 16
};

// Actually Portable Executable: a shell script, a PE and an ELF or Mach-O program in one file.
struct ApeFacts {
  bool is_pe = false;           // starts as Windows wants it
  bool has_elf_header = false;  // the shell line that turns it into an ELF program is in the head
};

struct JavaClassFacts {
  std::uint16_t major = 0;  // class file version, JVMS table 4.1-A
  std::uint16_t minor = 0;
};

// What was seen of an archive's names; not seen is not known to be absent.
struct JarFacts {
  bool has_manifest = false;
  bool has_classes = false;
};

struct PythonFacts {
  std::uint16_t magic = 0;  // first half of importlib.util.MAGIC_NUMBER
  std::string version;      // `3.11`; empty when it is newer than what is known here
};

struct WasmFacts {
  bool is_component = false;  // of the component model, else a core module
};

// Binary flat, of Linux without a memory management unit.
struct BfltFacts {
  std::uint32_t version = 0;
  bool is_compressed = false;
};

struct ArchiveFacts {
  bool is_thin = false;      // names its members' files instead of holding them
  std::string first_member;  // raw bytes; `/` for a symbol table, `debian-binary` in a Debian package
};

// An entry of binfmt_misc on the node (Documentation/admin-guide/binfmt-misc.rst).
struct Registration {
  std::string name;
  std::string interpreter;  // path, raw bytes
  std::string flags;        // letters of `POCF`

  friend bool operator==(const Registration&, const Registration&) = default;
};

// What a file is. The facts of its format are there, and those of no other.
struct FileKind {
  Format format = Format::elf;
  std::optional<ElfFacts> elf{};
  std::optional<ScriptFacts> script{};
  std::optional<PeFacts> pe{};
  std::optional<MachOFacts> mach_o{};
  std::optional<ApeFacts> ape{};
  std::optional<JavaClassFacts> java_class{};
  std::optional<JarFacts> jar{};
  std::optional<PythonFacts> python_bytecode{};
  std::optional<WasmFacts> wasm{};
  std::optional<BfltFacts> bflt{};
  std::optional<ArchiveFacts> archive{};
  std::optional<Registration> registration{};  // by which the node's kernel would run it, whatever the format
};

}  // namespace dropwarden::model
