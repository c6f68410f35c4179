// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/kinds.hpp"

namespace dropwarden::policy {

bool is_wanted(const model::FileKind& kind, const Kinds& wanted) {
  if (kind.format == model::Format::script) return wanted.scripts;
  switch (kind.elf ? kind.elf->type : model::ElfType::unknown) {
    case model::ElfType::shared:
      return wanted.shared_objects;
    case model::ElfType::relocatable:
      return wanted.objects;
    case model::ElfType::core:
      return wanted.core_dumps;
    case model::ElfType::executable:
    case model::ElfType::pie:
    case model::ElfType::unknown:
      break;
  }
  return wanted.executables;
}

}  // namespace dropwarden::policy
