// SPDX-License-Identifier: Apache-2.0
#include "cgroup_name.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "dropwarden/util/text.hpp"

namespace dropwarden::container {
namespace {

using model::Runtime;

// What the OCI runtimes' managers call a container: the hex digits of 32 random bytes.
constexpr std::size_t id_digits = 64;
// NAME_MAX, the longest name a cgroup can have.
constexpr std::size_t longest_name = 255;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

bool is_hex_of(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::ranges::all_of(text, is_hex);
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, is_word);
}

std::string_view parent_of(CgroupNames names) {
  return names.size() > 1 ? names[names.size() - 2] : std::string_view{};
}

bool cut_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool cut_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// `\xHH` of a unit's name (systemd.unit(5)) as the byte it stands for.
std::string unescape_unit(std::string_view text) {
  std::string name;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = text.substr(at, 2) == "\\x" && is_hex_of(text.substr(at + 2, 2), 2)
                          ? util::parse_number<unsigned char>(text.substr(at + 2, 2), 16)
                          : std::nullopt;
    name.push_back(byte ? static_cast<char>(*byte) : text[at]);
    if (byte) at += 3;
  }
  return name;
}

// UID of the pod whose cgroup is called so: `pod<uid>` below `kubepods` with the cgroupfs driver,
// `kubepods[-qos]-pod<uid>.slice` with systemd's, where the dashes of the UID became underscores because a
// dash means nesting (systemd.slice(5)). A slice may stand in front of `:runtime:id` when the runtime does
// not know systemd.
std::string pod_uid_of(CgroupNames names) {
  std::string_view slice = names.back();
  slice = slice.substr(0, slice.find(':'));
  std::string_view uid;
  if (cut_suffix(slice, ".slice")) {
    const auto pod = slice.rfind("-pod");
    if (slice.find("kubepods") > pod || pod == std::string_view::npos) return {};
    uid = slice.substr(pod + 4);
  } else {
    if (!cut_prefix(slice, "pod") || std::ranges::find(names, "kubepods") == names.end()) return {};
    uid = slice;
  }
  if (!is_host_name(uid)) return {};
  std::string dashed(uid);
  std::ranges::replace(dashed, '_', '-');
  return dashed;
}

// A bare ID belongs to the runtime whose folder it lies in.
Runtime runtime_by_place(CgroupNames names) {
  const auto parent = parent_of(names);
  // GitHub's runners give their jobs' docker containers this parent.
  if (parent == "docker" || parent == "actions_job") return Runtime::docker;
  if (names.size() > 1 && !pod_uid_of(names.first(names.size() - 1)).empty()) return Runtime::containerd;
  // containerd's own default path is `/<namespace>/<id>`.
  if (names.size() == 2 && (parent == "default" || parent == "k8s.io")) return Runtime::containerd;
  return Runtime::unknown;
}

// `<id>`, `<prefix>-<id>[.scope]` (systemd's driver) and `<slice>:<prefix>:<id>` (systemd's notation given to
// a runtime that uses cgroupfs).
std::optional<ContainerName> parse_hex_name(CgroupNames names) {
  auto name = names.back();
  const bool is_scope = cut_suffix(name, ".scope");
  if (name.size() < id_digits) return std::nullopt;
  const auto id = name.substr(name.size() - id_digits);
  if (!is_hex_of(id, id_digits)) return std::nullopt;

  auto prefix = name.substr(0, name.size() - id_digits);
  // podman with cgroupfs: a pod, its containers lie below as `libpod-<id>`.
  if (prefix.empty() && parent_of(names) == "libpod_parent") return std::nullopt;
  if (prefix.empty()) return ContainerName{runtime_by_place(names), std::string(id)};
  const char separator = prefix.back();
  if (separator != '-' && separator != ':') return std::nullopt;
  prefix.remove_suffix(1);
  if (separator == ':') prefix = prefix.substr(prefix.rfind(':') + 1);

  // conmon watches a container from outside: `crio-conmon-<id>.scope`, `libpod-conmon-<id>.scope`.
  if (prefix.ends_with("conmon")) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, Runtime>, 6> prefixes{
      {{"cri-containerd", Runtime::containerd},
       {"nerdctl", Runtime::containerd},
       {"crio", Runtime::crio},
       {"docker", Runtime::docker},
       {"libpod", Runtime::podman},
       {"libpod-payload", Runtime::podman}}};
  for (const auto& [word, runtime] : prefixes) {
    if (prefix == word) return ContainerName{runtime, std::string(id)};
  }
  if (!is_scope) return std::nullopt;
  return ContainerName{Runtime::unknown, std::string(id)};
}

// Cloud Foundry's Garden: a UUID whose last group is as short as the others.
std::optional<ContainerName> parse_garden_name(std::string_view name) {
  constexpr std::array<std::size_t, 5> groups{8, 4, 4, 4, 4};
  if (name.size() != 28) return std::nullopt;
  const auto parts = util::split(name, '-');
  if (!std::ranges::equal(parts, groups, is_hex_of)) return std::nullopt;
  return ContainerName{Runtime::garden, std::string(name)};
}

// ECS on Fargate: `/ecs/<task>/<task>-<number>`, where a task is 32 hex digits.
std::optional<ContainerName> parse_fargate_name(CgroupNames names) {
  const auto name = names.back();
  const bool is_task =
      names.size() >= 3 && names[names.size() - 3] == "ecs" && is_hex_of(parent_of(names), 32);
  if (!is_task) return std::nullopt;
  auto rest = name;
  if (!is_hex_of(util::take_until(rest, '-'), 32) || rest.empty() || !std::ranges::all_of(rest, is_digit)) {
    return std::nullopt;
  }
  return ContainerName{Runtime::unknown, std::string(name)};
}

// `lxc.payload.NAME`, `lxc.payload/NAME`, `lxc/NAME`. Its monitors are in `lxc.monitor.NAME` and
// `lxc.monitor/NAME`.
std::optional<ContainerName> parse_lxc_name(CgroupNames names) {
  auto name = names.back();
  const auto parent = parent_of(names);
  const bool is_named = cut_prefix(name, "lxc.payload.");
  if (!is_named && parent != "lxc" && parent != "lxc.payload") return std::nullopt;
  if (!is_host_name(name)) return std::nullopt;
  return ContainerName{Runtime::lxc, std::string(name)};
}

// `machine-NAME.scope` of systemd-machined, and the service that runs systemd-nspawn for a machine.
std::optional<ContainerName> parse_machine_name(std::string_view name) {
  const bool is_machine = (cut_prefix(name, "machine-") && cut_suffix(name, ".scope")) ||
                          (cut_prefix(name, "systemd-nspawn@") && cut_suffix(name, ".service"));
  if (!is_machine) return std::nullopt;
  std::string machine = unescape_unit(name);
  // libvirt registers its virtual machines in the same way, as `qemu-1-name`.
  if (machine.starts_with("qemu-") || !is_host_name(machine)) return std::nullopt;
  return ContainerName{Runtime::nspawn, std::move(machine)};
}

}  // namespace

std::optional<ContainerName> parse_container_name(CgroupNames names) {
  if (names.empty()) return std::nullopt;
  if (auto container = parse_hex_name(names)) return container;
  if (auto container = parse_garden_name(names.back())) return container;
  if (auto container = parse_fargate_name(names)) return container;
  if (auto container = parse_lxc_name(names)) return container;
  return parse_machine_name(names.back());
}

std::string parse_pod_uid(CgroupNames names) {
  for (; !names.empty(); names = names.first(names.size() - 1)) {
    if (auto uid = pod_uid_of(names); !uid.empty()) return uid;
  }
  return {};
}

}  // namespace dropwarden::container
