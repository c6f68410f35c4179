// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace dropwarden::model {

// Findings print the number, as Tracee does: 0 is info.
enum class Severity { info, low, medium, high, critical };
const char* name_of(Severity severity);

// What fires, and what it means to whoever reads the finding. How severe a finding is, its decision says.
// Data: the text is of static storage.
struct Signature {
  std::string_view id;
  std::string_view name;
  std::string_view event_name;  // that of the finding
  std::string_view version;
  std::string_view description;
  std::string_view category;
  // MITRE ATT&CK.
  std::string_view tactic;
  std::string_view technique;
  std::string_view technique_id;
  std::string_view stix_id;

  friend bool operator==(const Signature&, const Signature&) = default;
};

}  // namespace dropwarden::model
