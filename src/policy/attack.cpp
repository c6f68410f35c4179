// SPDX-License-Identifier: Apache-2.0
// MITRE ATT&CK for Enterprise. Version 19 split the tactic Defense Evasion: TA0005 is Stealth now, and
// Defense Impairment (TA0112) is new; what is used here of the old tactic stayed in TA0005.
#include "attack.hpp"

#include <array>
#include <string_view>

#include "dropwarden/util/check.hpp"

namespace dropwarden::policy {
namespace {

using model::Attack;
using model::Ground;
using model::Severity;

struct Tactic {
  std::string_view id;
  std::string_view name;
  std::string_view former_name;
};
constexpr Tactic execution{"TA0002", "Execution", "Execution"};
constexpr Tactic persistence{"TA0003", "Persistence", "Persistence"};
constexpr Tactic escalation{"TA0004", "Privilege Escalation", "Privilege Escalation"};
constexpr Tactic stealth{"TA0005", "Stealth", "Defense Evasion"};
constexpr Tactic command_and_control{"TA0011", "Command and Control", "Command and Control"};

constexpr Attack attack(const Tactic& tactic, std::string_view id, std::string_view name) {
  return {.tactic_id = tactic.id,
          .tactic = tactic.name,
          .former_tactic = tactic.former_name,
          .technique_id = id,
          .technique = name};
}

constexpr Attack transfer = attack(command_and_control, "T1105", "Ingress Tool Transfer");
constexpr Attack interpreter = attack(execution, "T1059", "Command and Scripting Interpreter");

struct KindWeight {
  bool Kinds::* kind;
  Weight weight;
};
constexpr std::array kinds{
    KindWeight{&Kinds::executables, {Severity::medium, transfer}},
    KindWeight{&Kinds::shared_objects, {Severity::medium, transfer}},
    KindWeight{&Kinds::packed, {Severity::high, attack(stealth, "T1027.002", "Software Packing")}},
    KindWeight{&Kinds::appimages, {Severity::medium, transfer}},
    // Nothing in a container has a use for one: modules are the host's.
    KindWeight{&Kinds::kernel_modules,
               {Severity::critical, attack(persistence, "T1547.006", "Kernel Modules and Extensions")}},
    KindWeight{&Kinds::ebpf_objects, {Severity::high, attack(stealth, "T1014", "Rootkit")}},
    KindWeight{&Kinds::scripts, {Severity::low, interpreter}},
    KindWeight{&Kinds::executable_text, {Severity::low, interpreter}},
    KindWeight{&Kinds::ape, {Severity::medium, transfer}},
    KindWeight{&Kinds::registered, {Severity::medium, transfer}},
    KindWeight{&Kinds::bflt, {Severity::medium, transfer}},
    KindWeight{&Kinds::jars, {Severity::low, transfer}},
    KindWeight{&Kinds::dotnet, {Severity::low, transfer}},
    KindWeight{&Kinds::java_classes, {Severity::low, transfer}},
    KindWeight{&Kinds::python_bytecode, {Severity::info, interpreter}},
    KindWeight{&Kinds::wasm, {Severity::low, transfer}},
    KindWeight{&Kinds::pe, {Severity::low, transfer}},
    KindWeight{&Kinds::mach_o, {Severity::low, transfer}},
    KindWeight{&Kinds::objects, {Severity::info, transfer}},
    KindWeight{&Kinds::archives, {Severity::info, transfer}},
    KindWeight{&Kinds::core_dumps, {Severity::info, {}}},
};
static_assert(kinds.size() == kind_keys.size());

struct GroundWeight {
  Ground ground;
  Weight weight;
};
constexpr std::array grounds{
    GroundWeight{Ground::preload,
                 {Severity::critical, attack(persistence, "T1574.006", "Dynamic Linker Hijacking")}},
    GroundWeight{Ground::setuid, {Severity::high, attack(escalation, "T1548.001", "Setuid and Setgid")}},
    GroundWeight{Ground::capabilities,
                 {Severity::high, attack(escalation, "T1548", "Abuse Elevation Control Mechanism")}},
    GroundWeight{Ground::modified,
                 {Severity::high, attack(persistence, "T1554", "Compromise Host Software Binary")}},
    GroundWeight{
        Ground::system_directory,
        {Severity::high, attack(stealth, "T1036.005", "Match Legitimate Resource Name or Location")}},
    GroundWeight{
        Ground::system_name,
        {Severity::high, attack(stealth, "T1036.005", "Match Legitimate Resource Name or Location")}},
    GroundWeight{Ground::misleading_name, {Severity::high, attack(stealth, "T1036", "Masquerading")}},
    GroundWeight{Ground::misleading_extension,
                 {Severity::high, attack(stealth, "T1036.008", "Masquerade File Type")}},
    GroundWeight{Ground::hidden,
                 {Severity::high, attack(stealth, "T1564.001", "Hidden Files and Directories")}},
    // What runs there is on no disk, and few programs put programs there.
    GroundWeight{Ground::memory_directory, {Severity::high, attack(stealth, "T1564", "Hide Artifacts")}},
    GroundWeight{Ground::malformed,
                 {Severity::high, attack(stealth, "T1027", "Obfuscated Files or Information")}},
    GroundWeight{Ground::executed, {Severity::high, {}}},
    // `.cache`, `.venv` and `.git` are everywhere: it is said, and raises nothing.
    GroundWeight{Ground::hidden_directory,
                 {Severity::info, attack(stealth, "T1564.001", "Hidden Files and Directories")}},
};

}  // namespace

const Weight& weight_of(bool Kinds::* kind) {
  for (const KindWeight& entry : kinds) {
    if (entry.kind == kind) return entry.weight;
  }
  util::check(false, "every kind has a weight");
  return kinds.front().weight;
}

const Weight& weight_of(model::Ground ground) {
  for (const GroundWeight& entry : grounds) {
    if (entry.ground == ground) return entry.weight;
  }
  util::check(false, "every ground has a weight");
  return grounds.front().weight;
}

model::Attack attack_of_interpreter(const model::ScriptFacts& script) {
  const std::string_view program = script.program;
  const auto is_one_of = [&](const auto&... names) { return ((program == names) || ...); };
  if (is_one_of("sh", "bash", "dash", "ash", "ksh", "zsh", "busybox", "mksh", "fish"))
    return attack(execution, "T1059.004", "Unix Shell");
  if (program.starts_with("python") || program.starts_with("pypy"))
    return attack(execution, "T1059.006", "Python");
  if (is_one_of("node", "nodejs", "deno", "bun")) return attack(execution, "T1059.007", "JavaScript");
  if (program.starts_with("lua")) return attack(execution, "T1059.011", "Lua");
  return interpreter;
}

}  // namespace dropwarden::policy
