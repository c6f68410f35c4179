// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::sink {

// A finding in which everything is known and no two values are the same by accident.
inline model::Finding sample_finding() {
  using namespace std::chrono;
  model::Finding finding;
  finding.id = "0123456789abcdef0123456789abcdef";
  finding.revision = 2;
  finding.is_final = true;
  finding.signature = {.id = "TRC-1022",
                       .name = "New executable dropped",
                       .event_name = "dropped_executable",
                       .version = "1",
                       .description = "What it means.",
                       .category = "defense-evasion",
                       .tactic = "Defense Evasion",
                       .technique = "Masquerading",
                       .technique_id = "T1036",
                       .stix_id = "attack-pattern--1"};
  finding.decision = {.verdict = model::Verdict::excepted,
                      .severity = model::Severity::medium,
                      .grounds = {model::Ground::setuid},
                      .tags = {"team-shop"},
                      .attacks = {{.tactic_id = "TA0005",
                                   .tactic = "Stealth",
                                   .former_tactic = "Defense Evasion",
                                   .technique_id = "T1036",
                                   .technique = "Masquerading"}},
                      .rule = "shop",
                      .exception = model::ExceptedBy{"updater", "It updates itself."},
                      .generation = 3,
                      .assessment = 1};
  finding.event.time = sys_days{2026y / November / 23} + 4h + 123456789ns;
  finding.event.header = {std::byte{0x7f}, std::byte{'E'}, std::byte{'L'}, std::byte{'F'}, std::byte{2}};
  finding.event.node = "node-7";
  finding.event.container = {.id = {"c0ffee0000000000000000000000000000000000000000000000000000000001"},
                             .name = "web",
                             .runtime = model::Runtime::containerd,
                             .image = {"docker.io/library/nginx:1.25", "sha256:aa"},
                             .labels = {{"app", "shop"}, {"tier", ""}},
                             .pod = model::Pod{"web-1", "prod", "8f3e1c4e-3f7a-4a52-9a8a-0f4f7f0c8d11"},
                             .state = model::ContainerState::running,
                             .init = {4000},
                             .is_sandbox = false,
                             .upperdir = "/not/printed",
                             .started = {},
                             .metadata = model::Metadata::complete};
  auto& file = finding.event.file;
  file.path = "/tmp/x";
  file.kind.emplace().elf =
      model::ElfFacts{model::ElfType::pie, 64, true, 62, "x86_64", "/lib64/ld-linux-x86-64.so.2", false};
  file.size = 16384;
  file.mode = 0104755;
  file.uid = 1000;
  file.gid = 1001;
  file.has_capabilities = false;
  file.modified = sys_days{2026y / November / 22} + 1ns;
  file.changed = sys_days{2026y / November / 22} + 1s;
  file.inode = 18446744073709551615U;
  file.device = {0, 53};
  file.origin = model::Origin::created;
  file.sha256 = {std::string(64, 'd'), model::HashStatus::done};
  file.capture = {model::CaptureStatus::done, "/copies/" + std::string(64, 'd')};
  auto& process = finding.event.process;
  process.pid = {4711};
  process.pid_in_container = {9};
  process.container = model::Belonging::same;
  process.state = model::ProcessState::running;
  process.name = "curl";
  process.exe = "/usr/bin/curl";
  process.command_line = {"curl", "-o", "/tmp/x"};
  process.uid = 33;
  process.login_uid = 1002;
  process.parent = {4700};
  process.parent_in_container = {8};
  process.cgroup_id = 5205;
  process.mount_namespace = 4026532701;
  process.pid_namespace = 4026532703;
  process.host_name = "web-1";
  process.start_time = sys_days{2026y / November / 21};
  process.ancestors = {{{4700}, "sh", "/bin/dash"}, {{4690}, "nginx", ""}};
  return finding;
}

}  // namespace dropwarden::sink
