// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/held_back.hpp"

#include "dropwarden/policy/assess.hpp"

namespace dropwarden::policy {

model::Finding summary_of(const RateLimit::Held& held, util::WallTime now, const std::string& node,
                          std::uint64_t generation) {
  model::Finding summary;
  summary.is_final = true;
  summary.signature = findings_held_back;
  summary.decision.severity = held.severity;
  summary.decision.generation = generation;
  summary.decision.held_back = held.count;
  summary.decision.assessment = assessment_version;
  summary.event.time = now;
  summary.event.node = node;
  summary.event.container = held.container;
  summary.event.file.sha256.status = model::HashStatus::skipped;
  return summary;
}

}  // namespace dropwarden::policy
