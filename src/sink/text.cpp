// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "dropwarden/sink/format.hpp"

#include "bounds.hpp"

namespace dropwarden::sink {
namespace {

// Select Graphic Rendition, ECMA-48 8.3.117.
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view cyan = "\x1b[36m";
constexpr std::string_view faint = "\x1b[2m";
constexpr std::string_view reset = "\x1b[0m";

// Escaped, and in quotes where a name could pass for the words around it.
std::string visible(std::string_view bytes, std::size_t bound) {
  std::string text = util::escape(bytes, bound);
  constexpr std::string_view harmless =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@~,%=";
  if (!text.empty() && text.find_first_not_of(harmless) == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string container_of(const model::Container& container) {
  constexpr std::size_t short_id = 12;
  constexpr std::size_t bound = 160;
  std::string name = container.name.empty() ? container.id.value.substr(0, short_id) : container.name;
  if (container.pod) name = container.pod->name_space + "/" + container.pod->name + "/" + name;
  return name.empty() ? "?" : visible(name, bound);
}

std::string kind_of(const model::FileKind& kind) {
  constexpr std::size_t bound = 64;
  if (kind.elf) {
    return fmt::format("{} {} {}", model::name_of(kind.format), model::name_of(kind.elf->type),
                       visible(kind.elf->machine, bound));
  }
  if (kind.script)
    return fmt::format("{} {}", model::name_of(kind.format), visible(kind.script->interpreter, bound));
  return model::name_of(kind.format);
}

std::string process_of(const model::ProcessInfo& process) {
  const std::string name = process.name.empty() ? "?" : visible(process.name, bounds::process_name);
  return process.pid.value == 0 ? name : fmt::format("{}[{}]", name, process.pid.value);
}

std::string rest_of(const model::Finding& finding) {
  std::string rest;
  const auto& file = finding.event.file;
  if (file.path_state != model::PathState::live) rest += fmt::format("  {}", model::name_of(file.path_state));
  if (file.origin == model::Origin::modified) rest += fmt::format("  {}", model::name_of(file.origin));
  if (file.sha256.status == model::HashStatus::done) {
    rest += fmt::format("  sha256:{}", visible(file.sha256.value, bounds::word));
  }
  if (finding.revision > 1) rest += fmt::format("  revision {}", finding.revision);
  return rest;
}

}  // namespace

std::string format_text(const model::Finding& finding, bool is_colored) {
  const auto colored = [&](std::string_view color, std::string_view text) {
    return is_colored ? fmt::format("{}{}{}", color, text, reset) : std::string(text);
  };
  // Milliseconds are what a person compares with other logs.
  constexpr std::size_t to_milliseconds = 23;
  const std::string time = util::format_rfc3339(finding.event.time).substr(0, to_milliseconds) + "Z";
  const auto& path = finding.event.file.path;
  const std::string kind = finding.event.file.kind ? kind_of(*finding.event.file.kind) : "?";
  return fmt::format("{}  {}  {}  {:<20}  {}  by {}{}", colored(faint, time),
                     colored(yellow, model::name_of(finding.signature.value_or(model::Signature{}).severity)),
                     colored(cyan, fmt::format("{:<24}", container_of(finding.event.container))), kind,
                     colored(bold, path.empty() ? "?" : visible(path, bounds::path)),
                     process_of(finding.event.process), rest_of(finding));
}

}  // namespace dropwarden::sink
