// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/dropped_executable.hpp"

namespace dropwarden::policy {

std::optional<model::Signature> detect(const model::WriteEvent& event, const Kinds& wanted) {
  const bool is_dropped =
      event.file.kind && is_wanted(*event.file.kind, wanted) && event.file.origin != model::Origin::unchanged;
  if (!is_dropped) return std::nullopt;
  return dropped_executable;
}

}  // namespace dropwarden::policy
