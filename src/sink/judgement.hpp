// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::sink {

// What all formats but `native`, `tracee` and `text` say of a finding besides the facts: one place that
// decides where severity, rule and tags come from.
struct Judgement {
  model::Severity severity = model::Severity::info;
  std::string rule_id;
  std::string rule;  // its name, for people
  std::string description;
  std::vector<std::string> tags;  // sorted, each once
  // MITRE ATT&CK; empty when there is none.
  std::string tactic;
  std::string technique;
  std::string technique_id;
};

// Pure.
Judgement judge(const model::Finding& finding);

// As syslog and the journal count it (RFC 5424, table 2; syslog(3)), from `critical` 2 to `info` 6. Pure.
unsigned syslog_severity(model::Severity severity);

// `Medium`, as OCSF and people write it.
std::string title_of(model::Severity severity);

}  // namespace dropwarden::sink
