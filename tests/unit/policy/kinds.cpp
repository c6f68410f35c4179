// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/kinds.hpp"

#include <gtest/gtest.h>

namespace dropwarden::policy {
namespace {

using model::Format;

model::FileKind kind_of(Format format) {
  model::FileKind kind;
  kind.format = format;
  return kind;
}

model::FileKind elf_of(model::ElfType type) {
  model::FileKind kind = kind_of(Format::elf);
  kind.elf.emplace().type = type;
  return kind;
}

constexpr Kinds nothing = [] {
  Kinds kinds;
  for (const KindKey& key : kind_keys) kinds.*key.member = false;
  return kinds;
}();

// That one switch alone makes `kind` wanted.
testing::AssertionResult goes_by(const model::FileKind& kind, bool Kinds::* member) {
  for (const KindKey& key : kind_keys) {
    Kinds wanted = nothing;
    wanted.*key.member = true;
    if (is_wanted(kind, wanted) != (key.member == member)) return testing::AssertionFailure() << key.name;
  }
  return testing::AssertionSuccess();
}

TEST(Kinds, WantsByDefaultWhatCanRunAndWhatItLoads) {
  const Kinds defaults;
  EXPECT_TRUE(is_wanted(elf_of(model::ElfType::executable), defaults));
  EXPECT_TRUE(is_wanted(elf_of(model::ElfType::pie), defaults));
  EXPECT_TRUE(is_wanted(elf_of(model::ElfType::shared), defaults));
  EXPECT_TRUE(is_wanted(elf_of(model::ElfType::unknown), defaults)) << "what lies about its type may run";
  for (const auto format : {Format::script, Format::ape, Format::jar, Format::bflt, Format::executable_text,
                            Format::binfmt_misc}) {
    EXPECT_TRUE(is_wanted(kind_of(format), defaults)) << name_of(format);
  }
}

TEST(Kinds, LeavesOutByDefaultWhatIsNoProgramOrComesInNumbers) {
  const Kinds defaults;
  EXPECT_FALSE(is_wanted(elf_of(model::ElfType::relocatable), defaults));
  EXPECT_FALSE(is_wanted(elf_of(model::ElfType::core), defaults));
  for (const auto format : {Format::archive, Format::python_bytecode, Format::java_class, Format::wasm,
                            Format::pe, Format::mach_o}) {
    EXPECT_FALSE(is_wanted(kind_of(format), defaults)) << name_of(format);
  }
}

TEST(Kinds, AreSwitchedOneByOne) {
  EXPECT_TRUE(goes_by(elf_of(model::ElfType::executable), &Kinds::executables));
  EXPECT_TRUE(goes_by(elf_of(model::ElfType::pie), &Kinds::executables));
  EXPECT_TRUE(goes_by(elf_of(model::ElfType::unknown), &Kinds::executables));
  EXPECT_TRUE(goes_by(elf_of(model::ElfType::shared), &Kinds::shared_objects));
  EXPECT_TRUE(goes_by(elf_of(model::ElfType::relocatable), &Kinds::objects));
  EXPECT_TRUE(goes_by(elf_of(model::ElfType::core), &Kinds::core_dumps));
  EXPECT_TRUE(goes_by(kind_of(Format::script), &Kinds::scripts));
  EXPECT_TRUE(goes_by(kind_of(Format::pe), &Kinds::pe));
  EXPECT_TRUE(goes_by(kind_of(Format::mach_o), &Kinds::mach_o));
  EXPECT_TRUE(goes_by(kind_of(Format::ape), &Kinds::ape));
  EXPECT_TRUE(goes_by(kind_of(Format::java_class), &Kinds::java_classes));
  EXPECT_TRUE(goes_by(kind_of(Format::jar), &Kinds::jars));
  EXPECT_TRUE(goes_by(kind_of(Format::python_bytecode), &Kinds::python_bytecode));
  EXPECT_TRUE(goes_by(kind_of(Format::wasm), &Kinds::wasm));
  EXPECT_TRUE(goes_by(kind_of(Format::bflt), &Kinds::bflt));
  EXPECT_TRUE(goes_by(kind_of(Format::archive), &Kinds::archives));
  EXPECT_TRUE(goes_by(kind_of(Format::executable_text), &Kinds::executable_text));
  EXPECT_TRUE(goes_by(kind_of(Format::binfmt_misc), &Kinds::registered));
}

TEST(Kinds, GoByTheMostSpecialSwitch) {
  auto kind = elf_of(model::ElfType::relocatable);
  kind.elf->is_kernel_module = true;
  EXPECT_TRUE(goes_by(kind, &Kinds::kernel_modules));
  kind.elf->is_kernel_module = false;
  EXPECT_TRUE(goes_by(kind, &Kinds::objects));
  kind.elf->is_kernel_module.reset();
  EXPECT_TRUE(goes_by(kind, &Kinds::objects));
  kind.elf->is_ebpf = true;
  EXPECT_TRUE(goes_by(kind, &Kinds::ebpf_objects));
  for (const auto type : {model::ElfType::executable, model::ElfType::shared}) {
    kind = elf_of(type);
    kind.elf->packing = {model::PackingSign::upx};
    EXPECT_TRUE(goes_by(kind, &Kinds::packed));
    kind.elf->appimage_type = 2;
    EXPECT_TRUE(goes_by(kind, &Kinds::appimages));
  }
  kind = kind_of(Format::pe);
  kind.pe.emplace().is_dotnet = true;
  EXPECT_TRUE(goes_by(kind, &Kinds::dotnet));
}

TEST(Kinds, WantsWhatARegistrationRunsButNoCachesOfPython) {
  Kinds wanted = nothing;
  wanted.registered = true;
  for (const auto format : {Format::pe, Format::wasm, Format::elf, Format::java_class}) {
    auto kind = kind_of(format);
    EXPECT_FALSE(is_wanted(kind, wanted)) << name_of(format);
    kind.registration.emplace();
    EXPECT_TRUE(is_wanted(kind, wanted)) << name_of(format);
    EXPECT_FALSE(is_wanted(kind, nothing)) << name_of(format);
  }
  auto kind = kind_of(Format::python_bytecode);
  kind.registration.emplace();
  EXPECT_FALSE(is_wanted(kind, wanted));
}

}  // namespace
}  // namespace dropwarden::policy
