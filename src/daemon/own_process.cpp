// SPDX-License-Identifier: Apache-2.0
#include "own_process.hpp"

#include <cap-ng.h>
#include <charconv>

#include "dropwarden/sys/file.hpp"
#include "dropwarden/util/text.hpp"

namespace dropwarden::daemon {
namespace {

// The words after `name:` in their line; nothing without such a line.
std::optional<std::string_view> field(std::string_view status, std::string_view name) {
  while (!status.empty()) {
    std::string_view line = util::take_until(status, '\n');
    if (util::take_until(line, ':') != name) continue;
    while (line.starts_with('\t') || line.starts_with(' ')) line.remove_prefix(1);
    return line;
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> parse_capabilities(std::string_view mask) {
  std::uint64_t bits = 0;
  const auto [end, error] = std::from_chars(mask.data(), mask.data() + mask.size(), bits, 16);
  if (error != std::errc{} || end != mask.data() + mask.size()) return std::nullopt;
  std::vector<std::string> names;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if ((bits >> bit & 1U) == 0) continue;
    const char* const name = capng_capability_to_name(bit);
    // One that is newer than the library.
    names.push_back(name != nullptr ? name : "capability_" + std::to_string(bit));
  }
  return names;
}

std::string name_of_seccomp(std::string_view mode) {
  if (mode == "0") return "off";
  return mode == "1" ? "strict" : "filter";
}

}  // namespace

std::optional<Confinement> parse_confinement(std::string_view status) {
  auto uids = field(status, "Uid");
  const auto effective = field(status, "CapEff");
  const auto no_new_privileges = field(status, "NoNewPrivs");
  if (!uids || !effective || !no_new_privileges) return std::nullopt;
  util::take_until(*uids, '\t');  // the real one
  const auto uid = util::parse_number<std::uint32_t>(util::take_until(*uids, '\t'));
  auto capabilities = parse_capabilities(*effective);
  if (!uid || !capabilities) return std::nullopt;
  return Confinement{.uid = *uid,
                     .capabilities = std::move(*capabilities),
                     .has_no_new_privileges = *no_new_privileges == "1",
                     // Not there in a kernel without seccomp.
                     .seccomp = name_of_seccomp(field(status, "Seccomp").value_or("0"))};
}

OwnProcess read_own_process(std::string role, pid_t pid) {
  OwnProcess process{.role = std::move(role), .pid = pid, .confinement = {}, .problem = {}};
  constexpr std::size_t max_status = 65536;
  const auto text = sys::read_file("/proc/" + std::to_string(pid) + "/status", max_status);
  if (text) process.confinement = parse_confinement(*text);
  if (!text) process.problem = text.error().text();
  return process;
}

}  // namespace dropwarden::daemon
