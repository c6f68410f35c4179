// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/config/config.hpp"

#include "diagnostics.hpp"
#include "document.hpp"

namespace dropwarden::config {

// One key of a rule or an exception; dropwarden-policy(5) has an item for each.
struct PolicyKey {
  const char* name;
  const char* allowed;
  bool is_of_exceptions = true;
  bool is_of_rules = true;
};
const std::vector<PolicyKey>& policy_keys();

// The elements of `policy.exceptions` and `policy.rules`, added to those that are there: each file adds to
// those before. A name stands for one of them only, whatever the file.
void read_exceptions(const Node& list, Config& config, Diagnostics& diagnostics);
void read_rules(const Node& list, Config& config, Diagnostics& diagnostics);

}  // namespace dropwarden::config
