// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/kinds.hpp"

#include <gtest/gtest.h>

namespace dropwarden::policy {
namespace {

model::FileKind elf_of(model::ElfType type) {
  model::FileKind kind{.format = model::Format::elf, .elf = {}, .script = {}};
  kind.elf.emplace().type = type;
  return kind;
}

TEST(Kinds, WantsByDefaultWhatCanRunAndWhatItLoads) {
  const Kinds defaults;
  EXPECT_TRUE(is_wanted(elf_of(model::ElfType::executable), defaults));
  EXPECT_TRUE(is_wanted(elf_of(model::ElfType::pie), defaults));
  EXPECT_TRUE(is_wanted(elf_of(model::ElfType::shared), defaults));
  EXPECT_TRUE(is_wanted(elf_of(model::ElfType::unknown), defaults)) << "what lies about its type may run";
  EXPECT_TRUE(is_wanted({.format = model::Format::script, .elf = {}, .script = {}}, defaults));
  EXPECT_FALSE(is_wanted(elf_of(model::ElfType::relocatable), defaults));
  EXPECT_FALSE(is_wanted(elf_of(model::ElfType::core), defaults));
}

TEST(Kinds, AreSwitchedOneByOne) {
  const Kinds only_objects{
      .executables = false, .shared_objects = false, .scripts = false, .objects = true, .core_dumps = false};
  EXPECT_TRUE(is_wanted(elf_of(model::ElfType::relocatable), only_objects));
  EXPECT_FALSE(is_wanted(elf_of(model::ElfType::executable), only_objects));
  EXPECT_FALSE(is_wanted(elf_of(model::ElfType::shared), only_objects));
  EXPECT_FALSE(is_wanted({.format = model::Format::script, .elf = {}, .script = {}}, only_objects));
}

}  // namespace
}  // namespace dropwarden::policy
