// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/signature.hpp"

namespace dropwarden::model {

// What becomes of a finding. Whatever it is, the finding stands in the store.
enum class Verdict {
  shown,
  excepted,   // an exception of the policy covers it: no output tells of it
  held_back,  // its container had more findings than its rate allows: a summary tells how many
};
const char* name_of(Verdict verdict);

// What about a file makes a finding of it more or less severe, besides the kind of the file.
enum class Ground {
  modified,              // it replaces a file of the image
  system_directory,      // it lies where the system's programs or libraries do
  system_name,           // it has the name of a system program, and lies elsewhere
  memory_directory,      // it lies below /dev, so in memory: /dev/shm
  hidden,                // its name begins with a dot
  hidden_directory,      // the name of a directory above it does
  misleading_name,       // its name has characters that do not show, or that reorder others
  misleading_extension,  // its name says that it is a picture, a document, an archive or a log
  setuid,                // it runs as its owner or its group
  capabilities,          // it has file capabilities
  preload,               // /etc/ld.so.preload, which every program is linked with
  malformed,             // its header misleads the tools that read it
  executed,              // its execution is what showed it
};
const char* name_of(Ground ground);

// A technique of MITRE ATT&CK and the tactic that it serves here. Data: the text is of static storage.
struct Attack {
  std::string_view tactic_id;
  std::string_view tactic;         // its present name
  std::string_view former_tactic;  // the name before ATT&CK 19, which most consumers know; often the same
  std::string_view technique_id;
  std::string_view technique;

  friend bool operator==(const Attack&, const Attack&) = default;
};

// The exception that covers a finding, and why there is one.
struct ExceptedBy {
  std::string name;
  std::string reason;

  friend bool operator==(const ExceptedBy&, const ExceptedBy&) = default;
};

// What the policy says of a finding. A value; its texts come from the operator's configuration.
struct Decision {
  Verdict verdict = Verdict::shown;
  Severity severity = Severity::info;
  std::vector<Ground> grounds{};
  std::vector<std::string> tags{};
  std::vector<Attack> attacks{};  // the most telling first
  std::string rule{};             // that set severity or tags; empty: none matched
  std::optional<ExceptedBy> exception{};
  std::uint64_t generation = 0;  // of the policy: how often it was read, from 1; 0: none was asked
  std::uint64_t held_back = 0;   // of a summary: how many findings it stands for
  unsigned assessment = 0;       // version of what severity, grounds and attacks go by without a rule

  friend bool operator==(const Decision&, const Decision&) = default;
};

}  // namespace dropwarden::model
