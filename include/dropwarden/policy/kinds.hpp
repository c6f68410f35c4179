// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::policy {

// Which kinds of file become findings: `classify:` of dropwarden.yaml, where each is explained.
struct Kinds {
  bool executables = true;
  bool shared_objects = true;
  bool packed = true;
  bool appimages = true;
  bool kernel_modules = true;
  bool ebpf_objects = true;
  bool scripts = true;
  bool executable_text = true;
  bool ape = true;
  bool registered = true;
  bool bflt = true;
  bool jars = true;
  bool dotnet = true;
  bool java_classes = false;
  bool python_bytecode = false;
  bool wasm = false;
  bool pe = false;
  bool mach_o = false;
  bool objects = false;
  bool archives = false;
  bool core_dumps = false;

  friend bool operator==(const Kinds&, const Kinds&) = default;
};

struct KindKey {
  const char* name;  // in dropwarden.yaml
  bool Kinds::* member;
};

// Every switch once.
inline constexpr std::array kind_keys{
    KindKey{"executables", &Kinds::executables},
    KindKey{"shared_objects", &Kinds::shared_objects},
    KindKey{"packed", &Kinds::packed},
    KindKey{"appimages", &Kinds::appimages},
    KindKey{"kernel_modules", &Kinds::kernel_modules},
    KindKey{"ebpf_objects", &Kinds::ebpf_objects},
    KindKey{"scripts", &Kinds::scripts},
    KindKey{"executable_text", &Kinds::executable_text},
    KindKey{"ape", &Kinds::ape},
    KindKey{"registered", &Kinds::registered},
    KindKey{"bflt", &Kinds::bflt},
    KindKey{"jars", &Kinds::jars},
    KindKey{"dotnet", &Kinds::dotnet},
    KindKey{"java_classes", &Kinds::java_classes},
    KindKey{"python_bytecode", &Kinds::python_bytecode},
    KindKey{"wasm", &Kinds::wasm},
    KindKey{"pe", &Kinds::pe},
    KindKey{"mach_o", &Kinds::mach_o},
    KindKey{"objects", &Kinds::objects},
    KindKey{"archives", &Kinds::archives},
    KindKey{"core_dumps", &Kinds::core_dumps},
};
static_assert(sizeof(Kinds) == kind_keys.size());

// The switch that decides for `kind`: the most special one that fits, so `packed` for a packed executable.
// Pure.
bool Kinds::* kind_switch(const model::FileKind& kind);

// Whether that switch is on; or `registered`, for a file that a registration of the node runs. Python
// bytecode goes by its own switch alone: every Python writes caches of it, and whoever may run one by a
// registration may as well run `python FILE`. Pure.
bool is_wanted(const model::FileKind& kind, const Kinds& wanted);

}  // namespace dropwarden::policy
