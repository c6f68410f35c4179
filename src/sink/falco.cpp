// SPDX-License-Identifier: Apache-2.0
// The JSON that Falco 0.44 prints of a rule (`json_output: true`) and falcosidekick takes: its keys in their
// order, the fields under Falco's names (https://falco.org/docs/reference/rules/supported-fields/), flat.
// What Falco has no name for stands under `dropwarden.`.
#include <chrono>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "dropwarden/sink/format.hpp"

#include "bounds.hpp"
#include "go_json.hpp"
#include "judgement.hpp"
#include "summary.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;

constexpr const char* event_rule = "File written in container";
constexpr std::size_t short_id_bytes = 12;

const char* priority_of(model::Severity severity) {
  switch (severity) {
    case model::Severity::critical:
      return "Critical";
    case model::Severity::high:
      return "Error";
    case model::Severity::medium:
      return "Warning";
    case model::Severity::low:
      return "Notice";
    case model::Severity::info:
      break;
  }
  return "Informational";
}

// A field that is not known is there and null.
json::value text(std::string_view bytes, std::size_t bound) {
  // Not braces: they would make an array of one.
  return bytes.empty() ? json::value(nullptr) : json::value(json::string(go_text(bytes, bound)));
}

json::value number(model::Pid pid) {
  return pid.value == 0 ? json::value(nullptr) : json::value(pid.value);
}

json::value user(const std::optional<std::uint32_t>& uid) {
  return uid ? json::value(*uid) : json::value(nullptr);
}

void add_container(json::object& fields, const model::Container& container) {
  const ImageName image = parse_image_name(container.image.name);
  fields.emplace("container.full_id", text(container.id.value, bounds::id));
  fields.emplace("container.id", text(container.id.value.substr(0, short_id_bytes), bounds::id));
  fields.emplace("container.image", text(container.image.name, bounds::image));
  fields.emplace("container.image.digest", text(container.image.digest, bounds::image));
  fields.emplace("container.image.repository", text(image.repository, bounds::image));
  fields.emplace("container.image.tag", text(image.tag, bounds::image));
  fields.emplace("container.name", text(container.name, bounds::container_name));
  fields.emplace("container.type", model::name_of(container.runtime));
}

void add_own(json::object& fields, const model::WriteEvent& event) {
  const model::FileFacts& file = event.file;
  fields.emplace("dropwarden.detected_by", model::name_of(event.detected_by));
  fields.emplace("dropwarden.kind",
                 file.kind ? json::value(name_of(file.kind->format)) : json::value(nullptr));
  fields.emplace("dropwarden.mode", fmt::format("{:04o}", file.mode & 07777U));
  fields.emplace("dropwarden.mount", model::name_of(file.place));
  fields.emplace("dropwarden.origin", model::name_of(file.origin));
  fields.emplace("dropwarden.sha256", text(file.sha256.value, bounds::word));
  fields.emplace("dropwarden.size", file.size);
}

// Names of pods must be strings where they are not null: falcosidekick relies on it.
void add_pod(json::object& fields, const model::Container& container) {
  const model::Pod pod = container.pod.value_or(model::Pod{});
  fields.emplace("k8s.ns.name", text(pod.name_space, bounds::pod_name));
  fields.emplace("k8s.pod.name", text(pod.name, bounds::pod_name));
  fields.emplace("k8s.pod.uid", text(pod.uid, bounds::word));
}

void add_process(json::object& fields, const model::ProcessInfo& process) {
  const auto& ancestors = process.ancestors;
  const model::Ancestor parent = ancestors.empty() ? model::Ancestor{} : ancestors.front();
  fields.emplace("proc.cmdline", text(joined(process.command_line), bounds::raw_path));
  fields.emplace("proc.exepath", text(process.exe, bounds::raw_path));
  fields.emplace("proc.name", text(process.name, bounds::process_name));
  fields.emplace("proc.pexepath", text(parent.exe, bounds::raw_path));
  fields.emplace("proc.pid", number(process.pid));
  fields.emplace("proc.pname", text(parent.name, bounds::process_name));
  fields.emplace("proc.ppid", number(process.parent));
  fields.emplace("proc.vpid", number(process.pid_in_container));
  fields.emplace("user.loginuid", user(process.login_uid));
  fields.emplace("user.uid", user(process.uid));
}

json::object fields_of(const model::WriteEvent& event) {
  const std::string_view path = event.file.path;
  json::object fields;
  add_container(fields, event.container);
  add_own(fields, event);
  fields.emplace("evt.time", event.time.time_since_epoch().count());
  fields.emplace("fd.directory", text(directory_of(path), bounds::raw_path));
  fields.emplace("fd.filename", text(file_name_of(path), bounds::raw_path));
  fields.emplace("fd.name", text(path, bounds::raw_path));
  add_pod(fields, event.container);
  add_process(fields, event.process);
  return fields;
}

struct Head {
  std::string summary;
  std::string priority;
  std::string rule;
  std::vector<std::string> tags;
};

std::string record(const model::WriteEvent& event, const Head& head, json::object fields) {
  // `2026-11-23T04:00:00.123456789Z`: its clock, as Falco's own lines begin.
  const std::string time = util::format_rfc3339(event.time);
  json::object out;
  out.emplace("hostname", go_text(event.node, bounds::node));
  out.emplace("output",
              fmt::format("{}: {} {}: {}", time.substr(11, 18), head.priority, head.rule, head.summary));
  out.emplace("output_fields", std::move(fields));
  out.emplace("priority", head.priority);
  out.emplace("rule", head.rule);
  out.emplace("source", "syscall");
  out.emplace("tags", json::array(head.tags.begin(), head.tags.end()));
  out.emplace("time", time);
  return serialize_as_go(out);
}

}  // namespace

std::string format_falco(const model::Finding& finding) {
  const Judgement judgement = judge(finding);
  auto fields = fields_of(finding.event);
  fields.emplace("dropwarden.id", text(finding.id, bounds::id));
  fields.emplace("dropwarden.revision", finding.revision);
  fields.emplace("dropwarden.status", finding.is_final ? "final" : "open");
  // Sidekick refuses a record without a rule.
  return record(finding.event,
                {.summary = summarize(finding),
                 .priority = priority_of(judgement.severity),
                 .rule = judgement.rule.empty() ? "dropwarden" : judgement.rule,
                 .tags = judgement.tags},
                std::move(fields));
}

std::string format_falco(const model::WriteEvent& event) {
  return record(event,
                {.summary = summarize(event), .priority = "Debug", .rule = event_rule, .tags = {"container"}},
                fields_of(event));
}

}  // namespace dropwarden::sink
