// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "dropwarden/model/finding.hpp"
#include "dropwarden/model/signature.hpp"
#include "dropwarden/policy/kinds.hpp"

namespace dropwarden::policy {

// The identifiers are those of Tracee's signature, so that rules of a SIEM keyed on them go on working; the
// technique is MITRE ATT&CK's.
inline constexpr model::Signature dropped_executable{
    .id = "TRC-1022",
    .name = "New executable dropped",
    .event_name = "dropped_executable",
    .version = "1",
    .description =
        "A new executable file appeared inside a running container. Everything a container runs "
        "normally comes with its image, so a program that arrives later may be the work of an "
        "intruder.",
    .category = "defense-evasion",
    .tactic = "Defense Evasion",
    .technique = "Masquerading",
    .technique_id = "T1036",
    .stix_id = "attack-pattern--42e8de7b-37b2-4258-905a-6897815e58e0",
};

// What fires for an event: `dropped_executable` for a file of a kind that is `wanted`, wherever in the
// container it is (in /dev/shm too), whatever its mode, unless it holds what the image holds there. Nothing
// for any other file. Pure.
std::optional<model::Signature> detect(const model::WriteEvent& event, const Kinds& wanted);

}  // namespace dropwarden::policy
