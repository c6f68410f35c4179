// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/kinds.hpp"

namespace dropwarden::policy {
namespace {

bool Kinds::* elf_switch(const model::ElfFacts& elf) {
  if (elf.is_kernel_module == true) return &Kinds::kernel_modules;
  if (elf.is_ebpf) return &Kinds::ebpf_objects;
  if (elf.type == model::ElfType::relocatable) return &Kinds::objects;
  if (elf.type == model::ElfType::core) return &Kinds::core_dumps;
  if (elf.appimage_type != 0) return &Kinds::appimages;
  if (!elf.packing.empty()) return &Kinds::packed;
  // What lies about its type may run.
  return elf.type == model::ElfType::shared ? &Kinds::shared_objects : &Kinds::executables;
}

}  // namespace

bool Kinds::* kind_switch(const model::FileKind& kind) {
  switch (kind.format) {
    case model::Format::elf:
      return elf_switch(kind.elf.value_or(model::ElfFacts{}));
    case model::Format::script:
      return &Kinds::scripts;
    case model::Format::pe:
      return kind.pe && kind.pe->is_dotnet ? &Kinds::dotnet : &Kinds::pe;
    case model::Format::mach_o:
      return &Kinds::mach_o;
    case model::Format::ape:
      return &Kinds::ape;
    case model::Format::java_class:
      return &Kinds::java_classes;
    case model::Format::jar:
      return &Kinds::jars;
    case model::Format::python_bytecode:
      return &Kinds::python_bytecode;
    case model::Format::wasm:
      return &Kinds::wasm;
    case model::Format::bflt:
      return &Kinds::bflt;
    case model::Format::archive:
      return &Kinds::archives;
    case model::Format::executable_text:
      return &Kinds::executable_text;
    case model::Format::binfmt_misc:
      break;
  }
  return &Kinds::registered;
}

bool is_wanted(const model::FileKind& kind, const Kinds& wanted) {
  if (wanted.*kind_switch(kind)) return true;
  return wanted.registered && kind.registration && kind.format != model::Format::python_bytecode;
}

}  // namespace dropwarden::policy
