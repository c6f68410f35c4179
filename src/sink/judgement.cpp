// SPDX-License-Identifier: Apache-2.0
#include "judgement.hpp"

#include <algorithm>
#include <cctype>

namespace dropwarden::sink {
namespace {

// `Defense Evasion` as Falco's rules tag it: `mitre_defense_evasion`.
std::string tag_of_tactic(std::string_view tactic) {
  std::string tag = "mitre_";
  for (const char c : tactic)
    tag += c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return tag;
}

}  // namespace

Judgement judge(const model::Finding& finding) {
  const model::Signature signature = finding.signature.value_or(model::Signature{});
  Judgement judgement{.severity = finding.decision.severity,
                      .rule_id = std::string(signature.id),
                      .rule = std::string(signature.name),
                      .description = std::string(signature.description),
                      .tags = {"container", "drift"},
                      .tactic = std::string(signature.tactic),
                      .technique = std::string(signature.technique),
                      .technique_id = std::string(signature.technique_id)};
  if (!judgement.tactic.empty()) judgement.tags.push_back(tag_of_tactic(judgement.tactic));
  if (!judgement.technique_id.empty()) judgement.tags.push_back(judgement.technique_id);
  for (const model::Attack& attack : finding.decision.attacks) {
    judgement.tags.push_back(tag_of_tactic(attack.former_tactic));
    judgement.tags.emplace_back(attack.technique_id);
  }
  judgement.tags.insert(judgement.tags.end(), finding.decision.tags.begin(), finding.decision.tags.end());
  std::ranges::sort(judgement.tags);
  const auto twice = std::ranges::unique(judgement.tags);
  judgement.tags.erase(twice.begin(), twice.end());
  return judgement;
}

unsigned syslog_severity(model::Severity severity) {
  switch (severity) {
    case model::Severity::critical:
      return 2;
    case model::Severity::high:
      return 3;
    case model::Severity::medium:
      return 4;
    case model::Severity::low:
      return 5;
    case model::Severity::info:
      break;
  }
  return 6;
}

std::string title_of(model::Severity severity) {
  if (severity == model::Severity::info) return "Informational";
  std::string title = model::name_of(severity);
  title.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(title.front())));
  return title;
}

}  // namespace dropwarden::sink
