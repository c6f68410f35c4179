// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dropwarden::sink::signature {

// Who a finding says has fired. The identifiers are those of Tracee's signature, so that rules of a SIEM
// keyed on them go on working; the technique is MITRE ATT&CK's.
inline constexpr const char* id = "TRC-1022";
inline constexpr const char* name = "New executable dropped";
inline constexpr const char* event_name = "dropped_executable";
inline constexpr const char* version = "1";
inline constexpr int severity = 2;  // of 0 to 4
inline constexpr const char* severity_name = "medium";
inline constexpr const char* description =
    "A new executable file appeared inside a running container. Everything a container runs normally comes "
    "with its "
    "image, so a program that arrives later may be the work of an intruder.";
inline constexpr const char* category = "defense-evasion";
inline constexpr const char* tactic = "Defense Evasion";
inline constexpr const char* technique = "Masquerading";
inline constexpr const char* technique_id = "T1036";
inline constexpr const char* stix_id = "attack-pattern--42e8de7b-37b2-4258-905a-6897815e58e0";

// The event it is about.
inline constexpr const char* base_event = "magic_write";

}  // namespace dropwarden::sink::signature
