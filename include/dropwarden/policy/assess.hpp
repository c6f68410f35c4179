// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "dropwarden/model/decision.hpp"
#include "dropwarden/model/finding.hpp"

namespace dropwarden::policy {

// How severe a finding is without a rule, why, and what it is in MITRE ATT&CK.
struct Assessment {
  model::Severity severity = model::Severity::medium;
  std::vector<model::Ground> grounds{};
  std::vector<model::Attack> attacks{};  // of the gravest ground first, the kind's own last

  friend bool operator==(const Assessment&, const Assessment&) = default;
};

// Raised when the tables change in a way that gives some file another severity or technique.
inline constexpr unsigned assessment_version = 1;
// The edition of ATT&CK from which the present names are.
inline constexpr const char* attack_version = "19.1";

// By kind, place, name, mode, origin and sensor: the kind has a severity, and each ground one below which it
// does not leave the finding. Names are judged by their bytes as the container has them. Pure.
Assessment assess(const model::WriteEvent& event);

}  // namespace dropwarden::policy
