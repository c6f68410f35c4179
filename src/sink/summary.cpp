// SPDX-License-Identifier: Apache-2.0
#include "summary.hpp"

#include <fmt/format.h>

#include "dropwarden/util/escape.hpp"

#include "bounds.hpp"
#include "go_json.hpp"

namespace dropwarden::sink {
namespace {

constexpr std::size_t max_path = 1024;  // of a sentence; the fields have all of it

std::string_view happening(model::Sensor sensor) {
  switch (sensor) {
    case model::Sensor::exec:
      return "was executed";
    case model::Sensor::scan:
      return "was found";
    case model::Sensor::close_write:
    case model::Sensor::upper_layer:
    case model::Sensor::second_look:
      break;
  }
  return "was written";
}

std::string place(const model::Container& container) {
  const std::string& name = container.name.empty() ? container.id.value : container.name;
  std::string text = name.empty() ? " in an unknown container"
                                  : " in container " + util::escape(name, bounds::container_name);
  if (!container.pod || container.pod->name.empty()) return text;
  return text + fmt::format(" of pod {}/{}", util::escape(container.pod->name_space, bounds::pod_name),
                            util::escape(container.pod->name, bounds::pod_name));
}

std::string writer(const model::ProcessInfo& process) {
  if (process.pid.value == 0) return {};
  const std::string name = process.name.empty() ? "?" : util::escape(process.name, bounds::process_name);
  return fmt::format(" by {}[{}]", name, process.pid.value);
}

}  // namespace

std::string summarize(const model::WriteEvent& event) {
  const std::string path =
      event.file.path.empty() ? "of unknown path" : util::escape(event.file.path, max_path);
  return fmt::format("{} {} {}{}{}", event.file.kind ? name_of(event.file.kind->format) : "file", path,
                     happening(event.detected_by), place(event.container), writer(event.process));
}

std::string summarize(const model::Finding& finding) {
  const std::uint64_t count = finding.decision.held_back;
  if (count == 0) return summarize(finding.event);
  return fmt::format("{} findings were held back{}", count, place(finding.event.container));
}

std::string_view file_name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  return path.substr(0, slash == 0 ? 1 : slash);
}

ImageName parse_image_name(std::string_view name) {
  name = name.substr(0, name.find('@'));
  const auto slash = name.rfind('/');
  const auto colon = name.rfind(':');
  const bool has_tag = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  if (!has_tag) return {.repository = name, .tag = {}};
  return {.repository = name.substr(0, colon), .tag = name.substr(colon + 1)};
}

std::vector<std::pair<std::string, std::string>> shown_labels(const model::Container& container) {
  std::vector<std::pair<std::string, std::string>> labels;
  std::size_t used = 0;
  for (const auto& [key, value] : container.labels) {
    auto& label = labels.emplace_back(go_text(key, bounds::label_key), go_text(value, bounds::label_key));
    used += label.first.size() + label.second.size();
    if (used <= bounds::raw_labels && labels.size() <= bounds::label_count) continue;
    labels.pop_back();
    break;
  }
  return labels;
}

std::string joined(const std::vector<std::string>& arguments) {
  std::string line;
  for (const std::string& argument : arguments) {
    if (!line.empty()) line += ' ';
    line += argument;
  }
  return line;
}

}  // namespace dropwarden::sink
