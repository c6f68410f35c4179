// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sandbox/profile.hpp"

#include "tables.hpp"

namespace dropwarden::sandbox {

const char* name_of(Profile profile) {
  return profile == Profile::marker ? "marker" : "monitor";
}

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::allowed:
      return "allowed";
    case Verdict::absent:
      return "absent";
    case Verdict::fatal:
      return "fatal";
    case Verdict::refused:
      break;
  }
  return "refused";
}

std::vector<Call> calls_of(Profile profile, Network network) {
  const bool is_marker = profile == Profile::marker;
  const bool has_network = !is_marker && network == Network::outputs;
  std::vector<Call> calls;
  for (const auto table :
       {runtime_calls(), is_marker ? marker_calls() : monitor_calls(),
        has_network ? network_calls() : std::span<const Call>{}, sanitizer_calls(), fatal_calls()}) {
    calls.insert(calls.end(), table.begin(), table.end());
  }
  return calls;
}

std::string text_of_conditions(const Call& call) {
  std::string text;
  for (const Condition& condition : call.conditions) {
    if (condition.text.empty()) continue;
    if (!text.empty()) text += ", ";
    text += condition.text;
  }
  return text;
}

}  // namespace dropwarden::sandbox
