// SPDX-License-Identifier: Apache-2.0
#include "describe_kind.hpp"

#include <string_view>

#include "dropwarden/util/escape.hpp"

namespace dropwarden::cli {
namespace {

// Facts after the name of the format, with commas between.
class Description {
 public:
  explicit Description(std::string start) : text_(std::move(start)) {}

  void add(std::string_view fact) { text_ += ", " + std::string(fact); }
  void add_if(bool holds, std::string_view fact) {
    if (holds) add(fact);
  }
  void add_bits(unsigned bits) {
    if (bits != 0) add(std::to_string(bits) + "-bit");
  }
  void add_text(std::string_view name, std::string_view bytes) {
    if (!bytes.empty()) add(std::string(name) + " " + util::escape(bytes));
  }
  template <class Value>
  void add_names(std::string_view what, const std::vector<Value>& values) {
    std::string list;
    for (const Value value : values) list += std::string(list.empty() ? "" : " ") + model::name_of(value);
    if (!list.empty()) add(std::string(what) + " (" + list + ")");
  }
  std::string text() && { return std::move(text_); }

  void operator()(const model::ElfFacts& elf) {
    text_ += std::string(" ") + model::name_of(elf.type);
    add_bits(elf.bits);
    add(elf.is_little_endian ? "little-endian" : "big-endian");
    add(elf.machine);
    add_text("OS ABI", elf.os_abi);
    add_if(elf.is_static, "static");
    add_text("interpreter", elf.interpreter);
    if (elf.is_stripped) add(*elf.is_stripped ? "stripped" : "not stripped");
    add_if(elf.is_kernel_module == true, "kernel module");
    if (elf.has_module_signature) add(*elf.has_module_signature ? "signed" : "not signed");
    add_if(elf.is_ebpf, "eBPF programs");
    if (elf.appimage_type != 0) add("AppImage of type " + std::to_string(elf.appimage_type));
    add_names("malformed", elf.defects);
    add_names("packed", elf.packing);
  }

  void operator()(const model::ScriptFacts& script) {
    add_text("interpreter", script.interpreter);
    add_text("argument", script.argument);
    add_text("program", script.program);
  }

  void operator()(const model::PeFacts& pe) {
    text_ += std::string(" ") + model::name_of(pe.type);
    add_bits(pe.bits);
    add(pe.machine);
    add_if(pe.is_dotnet, ".NET assembly");
  }

  void operator()(const model::MachOFacts& mach_o) {
    text_ += std::string(" ") + model::name_of(mach_o.type);
    add_bits(mach_o.bits);
    for (const auto& machine : mach_o.machines) add(machine);
  }

  void operator()(const model::ApeFacts& ape) {
    add_if(ape.is_pe, "PE for Windows");
    add_if(ape.has_elf_header, "ELF header in it");
  }

  void operator()(const model::JavaClassFacts& java_class) {
    add("version " + std::to_string(java_class.major) + "." + std::to_string(java_class.minor));
  }

  void operator()(const model::JarFacts& jar) {
    add_if(jar.has_manifest, "manifest");
    add_if(jar.has_classes, "classes");
  }

  void operator()(const model::PythonFacts& python) {
    add("magic " + std::to_string(python.magic));
    add_text("Python", python.version);
  }

  void operator()(const model::WasmFacts& wasm) { add(wasm.is_component ? "component" : "module"); }

  void operator()(const model::BfltFacts& bflt) {
    add("version " + std::to_string(bflt.version));
    add_if(bflt.is_compressed, "compressed");
  }

  void operator()(const model::ArchiveFacts& archive) {
    add_if(archive.is_thin, "thin");
    add_text("first member", archive.first_member);
  }

  void operator()(const model::Registration& registration) {
    add("run by binfmt_misc entry " + util::escape(registration.name) + " with " +
        util::escape(registration.interpreter));
  }

 private:
  std::string text_;
};

}  // namespace

std::string describe_kind(const std::optional<model::FileKind>& kind) {
  if (!kind) return "not executable";
  Description description(model::name_of(kind->format));
  const auto add = [&](const auto& facts) {
    if (facts) description(*facts);
  };
  add(kind->elf);
  add(kind->script);
  add(kind->pe);
  add(kind->mach_o);
  add(kind->ape);
  add(kind->java_class);
  add(kind->jar);
  add(kind->python_bytecode);
  add(kind->wasm);
  add(kind->bflt);
  add(kind->archive);
  add(kind->registration);
  return std::move(description).text();
}

}  // namespace dropwarden::cli
