// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/model/file_kind.hpp"

namespace dropwarden::policy {

// Which kinds of file become findings.
struct Kinds {
  bool executables = true;
  bool shared_objects = true;
  bool scripts = true;
  bool objects = false;
  bool core_dumps = false;

  friend bool operator==(const Kinds&, const Kinds&) = default;
};

// Pure.
bool is_wanted(const model::FileKind& kind, const Kinds& wanted);

}  // namespace dropwarden::policy
