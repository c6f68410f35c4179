// SPDX-License-Identifier: Apache-2.0
// The Elastic Common Schema (https://www.elastic.co/docs/reference/ecs): nested objects, absent where nothing
// is known. What ECS has no field for stands under `dropwarden`, as it asks of custom fields.
#include <algorithm>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "dropwarden/sink/format.hpp"

#include "bounds.hpp"
#include "judgement.hpp"
#include "known_fields.hpp"
#include "summary.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;

// The release whose fields these are.
constexpr const char* ecs_version = "8.17.0";

json::object user(const std::optional<std::uint32_t>& uid) {
  json::object out;
  if (uid) out.emplace("id", std::to_string(*uid));
  return out;
}

json::object container(const model::Container& container) {
  KnownFields out;
  out.add_text("id", container.id.value, bounds::id);
  const ImageName name = parse_image_name(container.image.name);
  KnownFields image;
  image.add_text("name", name.repository, bounds::image);
  if (!name.tag.empty()) image.add("tag", json::array{json::string(go_text(name.tag, bounds::image))});
  if (!container.image.digest.empty())
    image.add(
        "hash",
        json::object{{"all", json::array{json::string(go_text(container.image.digest, bounds::image))}}});
  out.add_object("image", image.take());
  json::object labels;
  for (auto& [key, value] : shown_labels(container)) {
    // Elasticsearch takes a dot for the border of an object, as it would in all labels of Kubernetes.
    std::ranges::replace(key, '.', '_');
    labels.emplace(key, value);
  }
  out.add_object("labels", std::move(labels));
  out.add_text("name", container.name, bounds::container_name);
  if (container.runtime != model::Runtime::unknown) out.add("runtime", model::name_of(container.runtime));
  return out.take();
}

json::object orchestrator(const model::Container& container) {
  KnownFields out;
  if (!container.pod) return out.take();
  KnownFields resource;
  resource.add_text("id", container.pod->uid, bounds::word)
      .add_text("name", container.pod->name, bounds::pod_name)
      .add("type", "pod");
  out.add_text("namespace", container.pod->name_space, bounds::pod_name)
      .add_object("resource", resource.take())
      .add("type", "kubernetes");
  return out.take();
}

json::object elf(const model::ElfFacts& elf) {
  KnownFields header;
  if (elf.bits != 0) header.add("class", std::to_string(elf.bits));
  header.add("data", elf.is_little_endian ? "little" : "big")
      .add_text("os_abi", elf.os_abi, bounds::word)
      .add("type", model::name_of(elf.type));
  KnownFields out;
  out.add_text("architecture", elf.machine, bounds::word)
      .add("byte_order", elf.is_little_endian ? "little" : "big")
      .add_object("header", header.take());
  return out.take();
}

json::object file(const model::FileFacts& file) {
  KnownFields out;
  out.add_time("ctime", file.changed)
      .add("device", fmt::format("{}:{}", file.device.major, file.device.minor))
      .add_text("directory", directory_of(file.path), bounds::raw_path);
  if (file.kind && file.kind->elf) out.add_object("elf", elf(*file.kind->elf));
  out.add("gid", std::to_string(file.gid));
  if (!file.sha256.value.empty())
    out.add("hash", json::object{{"sha256", go_text(file.sha256.value, bounds::word)}});
  out.add("inode", std::to_string(file.inode))
      .add("mode", fmt::format("{:04o}", file.mode & 07777U))
      .add_time("mtime", file.modified)
      .add_text("name", file_name_of(file.path), bounds::raw_path)
      .add_text("path", file.path, bounds::raw_path)
      .add("size", file.size)
      .add("type", "file")
      .add("uid", std::to_string(file.uid));
  return out.take();
}

json::object parent(const model::ProcessInfo& process) {
  KnownFields out;
  if (process.ancestors.empty()) return out.add_number("pid", process.parent).take();
  const model::Ancestor& parent = process.ancestors.front();
  return out.add_text("executable", parent.exe, bounds::raw_path)
      .add_text("name", parent.name, bounds::process_name)
      .add_number("pid", parent.pid)
      .take();
}

json::object process(const model::ProcessInfo& process) {
  KnownFields out;
  if (!process.command_line.empty()) {
    json::array arguments;
    std::size_t room = bounds::raw_path;
    for (const std::string& argument : process.command_line) {
      if (room == 0) break;
      const std::string text = go_text(argument, room);
      room -= std::min(room, text.size());
      arguments.emplace_back(text);
    }
    out.add("args", std::move(arguments)).add("args_count", process.command_line.size());
    out.add_text("command_line", joined(process.command_line), bounds::raw_path);
  }
  return out.add_text("executable", process.exe, bounds::raw_path)
      .add_text("name", process.name, bounds::process_name)
      .add_object("parent", parent(process))
      .add_number("pid", process.pid)
      .add_time("start", process.start_time)
      .add_object("user", user(process.uid))
      .add_number("vpid", process.pid_in_container)
      .take();
}

json::object own(const model::WriteEvent& event) {
  KnownFields out;
  out.add("detected_by", model::name_of(event.detected_by));
  if (event.file.kind) out.add("kind", model::name_of(event.file.kind->format));
  return out.add("mount", model::name_of(event.file.place))
      .add("origin", model::name_of(event.file.origin))
      .add("path_state", model::name_of(event.file.path_state))
      .take();
}

json::object what(const model::WriteEvent& event, bool is_finding) {
  const bool is_new = event.file.origin == model::Origin::created;
  json::array categories{"file"};
  json::array types{is_new ? "creation" : "change"};
  if (is_finding) {
    categories.emplace_back("intrusion_detection");
    types.emplace_back("info");
  }
  return {{"action", is_finding ? "dropped_executable" : model::WriteEvent::name},
          {"category", std::move(categories)},
          {"dataset", is_finding ? "dropwarden.finding" : "dropwarden.event"},
          {"kind", is_finding ? "alert" : "event"},
          {"module", "dropwarden"},
          {"provider", "fanotify"},
          {"type", std::move(types)}};
}

// All but `rule`, `threat` and `tags`, which findings alone have.
json::object record(const model::WriteEvent& event, const std::string& summary, json::object event_object,
                    json::object own_object) {
  KnownFields out;
  out.add("@timestamp", util::format_rfc3339(event.time))
      .add("message", summary)
      .add("ecs", json::object{{"version", ecs_version}})
      .add_object("container", container(event.container))
      .add("dropwarden", std::move(own_object))
      .add("event", std::move(event_object))
      .add("file", file(event.file));
  if (!event.node.empty())
    out.add("host", json::object{{"hostname", go_text(event.node, bounds::node)},
                                 {"name", go_text(event.node, bounds::node)}});
  out.add("observer", json::object{{"product", "dropwarden"},
                                   {"type", "hids"},
                                   {"vendor", "dropwarden"},
                                   {"version", DROPWARDEN_VERSION}});
  return out.add_object("orchestrator", orchestrator(event.container))
      .add_object("process", process(event.process))
      .add_object("user", user(event.process.uid))
      .take();
}

json::object threat(const Judgement& judgement) {
  if (judgement.tactic.empty() && judgement.technique_id.empty()) return {};
  KnownFields out;
  out.add("framework", "MITRE ATT&CK");
  if (!judgement.tactic.empty())
    out.add("tactic", json::object{{"name", json::array{json::string(judgement.tactic)}}});
  if (!judgement.technique_id.empty())
    out.add("technique", json::object{{"id", json::array{json::string(judgement.technique_id)}},
                                      {"name", json::array{json::string(judgement.technique)}}});
  return out.take();
}

}  // namespace

std::string format_ecs(const model::Finding& finding) {
  const Judgement judgement = judge(finding);
  json::object event = what(finding.event, true);
  event.emplace("code", judgement.rule_id);
  event.emplace("id", go_text(finding.id, bounds::id));
  event.emplace("severity", static_cast<int>(judgement.severity));
  json::object own_object = own(finding.event);
  own_object.emplace("revision", finding.revision);
  own_object.emplace("severity", model::name_of(judgement.severity));
  own_object.emplace("status", finding.is_final ? "final" : "open");
  json::object out = record(finding.event, summarize(finding), std::move(event), std::move(own_object));
  KnownFields rule;
  rule.add_text("description", judgement.description, bounds::raw_path)
      .add_text("id", judgement.rule_id, bounds::id)
      .add_text("name", judgement.rule, bounds::raw_path);
  if (auto of_rule = rule.take(); !of_rule.empty()) out.emplace("rule", std::move(of_rule));
  out.emplace("tags", json::array(judgement.tags.begin(), judgement.tags.end()));
  if (auto of_threat = threat(judgement); !of_threat.empty()) out.emplace("threat", std::move(of_threat));
  return serialize_as_go(out);
}

std::string format_ecs(const model::WriteEvent& event) {
  return serialize_as_go(record(event, summarize(event), what(event, false), own(event)));
}

}  // namespace dropwarden::sink
