// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::sink {

// One file of a format: with all that can be known of it, and with nothing but the format.
struct KindSample {
  model::FileKind known;
  model::FileKind unknown;
};

// One for each format: a test fails when a value of model::Format has none.
inline std::vector<KindSample> every_kind() {
  using model::Format;
  std::vector<KindSample> samples;
  const auto add = [&](Format format) -> KindSample& {
    auto& sample = samples.emplace_back();
    sample.known.format = sample.unknown.format = format;
    return sample;
  };
  const auto add_with = [&](Format format, auto member, auto facts) {
    auto& sample = add(format);
    (sample.known.*member) = std::move(facts);
    (sample.unknown.*member).emplace();
  };
  using Kind = model::FileKind;
  add_with(Format::elf, &Kind::elf,
           model::ElfFacts{.type = model::ElfType::pie,
                           .bits = 64,
                           .machine_number = 62,
                           .machine = "x86_64",
                           .interpreter = "/lib64/ld-linux-x86-64.so.2",
                           .os_abi = "sysv",
                           .is_stripped = true,
                           .is_kernel_module = true,
                           .has_module_signature = true,
                           .appimage_type = 2,
                           .defects = {model::ElfDefect::version},
                           .packing = {model::PackingSign::upx}});
  add_with(Format::script, &Kind::script, model::ScriptFacts{"/bin/sh", "-e", "sh"});
  add_with(Format::pe, &Kind::pe, model::PeFacts{model::PeType::library, 64, "x86_64", true});
  add_with(Format::mach_o, &Kind::mach_o, model::MachOFacts{model::MachOType::library, 64, {"aarch64"}});
  add_with(Format::ape, &Kind::ape, model::ApeFacts{true, true});
  add_with(Format::java_class, &Kind::java_class, model::JavaClassFacts{61, 0});
  add_with(Format::jar, &Kind::jar, model::JarFacts{true, true});
  add_with(Format::python_bytecode, &Kind::python_bytecode, model::PythonFacts{3495, "3.11"});
  add_with(Format::wasm, &Kind::wasm, model::WasmFacts{true});
  add_with(Format::bflt, &Kind::bflt, model::BfltFacts{4, true});
  add_with(Format::archive, &Kind::archive, model::ArchiveFacts{false, "a.o"});
  add(Format::executable_text);
  auto& registered = add(Format::binfmt_misc);
  registered.known.registration = model::Registration{"wine", "/usr/bin/wine", "OCF"};
  registered.unknown.registration.emplace();
  return samples;
}

}  // namespace dropwarden::sink
