// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/policy/rate_limit.hpp"

namespace dropwarden::policy {

// What a summary says in place of `dropped_executable`.
inline constexpr model::Signature findings_held_back{
    .id = "DW-1",
    .name = "Findings held back",
    .event_name = "findings_held_back",
    .version = "1",
    .description =
        "A container had more findings than its rate allows. Those that are not shown stand in the "
        "database.",
    .category = "defense-evasion",
    .tactic = {},
    .technique = {},
    .technique_id = {},
    .stix_id = {},
};

// A finding of no file that stands for those that were held back. Its id is the caller's to give. Pure.
model::Finding summary_of(const RateLimit::Held& held, util::WallTime now, const std::string& node,
                          std::uint64_t generation);

}  // namespace dropwarden::policy
