// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "dropwarden/policy/policy.hpp"

namespace dropwarden::policy {

// What is allowed and most likely not meant.
struct Lint {
  Written written{};
  std::string text;
};

// Rules and exceptions that an earlier one leaves nothing to, exceptions that have expired, and those that
// cover far more than what they are about. In the order of the policy; takes the square of its length. Pure.
std::vector<Lint> lint(const Policy& policy, util::WallTime now);

}  // namespace dropwarden::policy
