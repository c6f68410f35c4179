// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/policy/decide.hpp"

#include <utility>

#include "dropwarden/policy/assess.hpp"

namespace dropwarden::policy {

model::Decision decide(const model::Finding& finding) {
  Assessment assessment = assess(finding.event);
  return {.severity = assessment.severity,
          .grounds = std::move(assessment.grounds),
          .attacks = std::move(assessment.attacks),
          .assessment = assessment_version};
}

}  // namespace dropwarden::policy
