// SPDX-License-Identifier: Apache-2.0
// The Open Cybersecurity Schema Framework, https://schema.ocsf.io: a finding is a Detection Finding (class
// 2004), an event a File System Activity (1001). Times are milliseconds since 1970. What OCSF has no
// attribute for stands under `unmapped`.
#include <chrono>
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

// The release whose attributes these are.
constexpr const char* ocsf_version = "1.5.0";
constexpr int sha256_id = 3;            // fingerprint.algorithm_id
constexpr int regular_file = 1;         // file.type_id
constexpr int server = 1;               // device.type_id
constexpr int rule_analytic = 1;        // analytic.type_id
constexpr int type_uids_a_class = 100;  // type_uid is class_uid times this, plus activity_id

std::int64_t milliseconds(util::WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

struct Activity {
  int class_uid = 0;
  const char* class_name = "";
  int category_uid = 0;
  const char* category_name = "";
  int id = 0;
  const char* name = "";
};

Activity activity_of(const model::Finding& finding) {
  const bool is_first = finding.revision == 1;
  return {.class_uid = 2004,
          .class_name = "Detection Finding",
          .category_uid = 2,
          .category_name = "Findings",
          .id = is_first ? 1 : 2,
          .name = is_first ? "Create" : "Update"};
}

Activity activity_of(const model::WriteEvent& event) {
  const bool is_new = event.file.origin == model::Origin::created;
  return {.class_uid = 1001,
          .class_name = "File System Activity",
          .category_uid = 1,
          .category_name = "System Activity",
          .id = is_new ? 1 : 3,
          .name = is_new ? "Create" : "Update"};
}

json::object container(const model::Container& container) {
  KnownFields out;
  if (container.id.value.empty() && container.name.empty()) return out.take();
  KnownFields image;
  // `uid` is required of an image.
  const bool has_digest = !container.image.digest.empty();
  image.add_text("name", container.image.name, bounds::image)
      .add_text("uid", has_digest ? container.image.digest : container.image.name, bounds::image);
  out.add_object("image", image.take());
  json::array labels;
  for (const auto& [key, value] : shown_labels(container))
    labels.emplace_back(fmt::format("{}={}", key, value));
  if (!labels.empty()) out.add("labels", std::move(labels));
  out.add_text("name", container.name, bounds::container_name);
  if (container.pod) {
    out.add("orchestrator", "kubernetes");
    out.add_text("pod_uuid", container.pod->uid, bounds::word);
  }
  if (container.runtime != model::Runtime::unknown) out.add("runtime", model::name_of(container.runtime));
  return out.add_text("uid", container.id.value, bounds::id).take();
}

json::object file(const model::FileFacts& file) {
  KnownFields out;
  if (!file.sha256.value.empty())
    out.add("hashes", json::array{json::object{{"algorithm", "SHA-256"},
                                               {"algorithm_id", sha256_id},
                                               {"value", go_text(file.sha256.value, bounds::word)}}});
  if (file.modified != util::WallTime{}) out.add("modified_time", milliseconds(file.modified));
  // Required, also of a file whose path is not known.
  const std::string_view name = file_name_of(file.path);
  out.add("name", name.empty() ? "unknown" : go_text(name, bounds::raw_path))
      .add("owner", json::object{{"uid", std::to_string(file.uid)}})
      .add_text("parent_folder", directory_of(file.path), bounds::raw_path)
      .add_text("path", file.path, bounds::raw_path)
      .add("size", file.size)
      .add("type", "Regular File")
      .add("type_id", regular_file)
      .add("uid", std::to_string(file.inode));
  return out.take();
}

json::object program(std::string_view path) {
  if (path.empty()) return {};
  KnownFields out;
  const std::string_view name = file_name_of(path);
  return out.add("name", name.empty() ? "unknown" : go_text(name, bounds::raw_path))
      .add_text("path", path, bounds::raw_path)
      .add("type_id", regular_file)
      .take();
}

json::object parent_process(const model::ProcessInfo& process) {
  KnownFields out;
  if (process.ancestors.empty()) return out.add_number("pid", process.parent).take();
  const model::Ancestor& parent = process.ancestors.front();
  return out.add_object("file", program(parent.exe))
      .add_text("name", parent.name, bounds::process_name)
      .add_number("pid", parent.pid)
      .take();
}

json::object process(const model::ProcessInfo& process) {
  KnownFields out;
  if (process.pid.value == 0) return out.take();
  out.add_text("cmd_line", joined(process.command_line), bounds::raw_path);
  if (process.start_time != util::WallTime{}) out.add("created_time", milliseconds(process.start_time));
  out.add_object("file", program(process.exe))
      .add_text("name", process.name, bounds::process_name)
      .add_number("namespace_pid", process.pid_in_container)
      .add_object("parent_process", parent_process(process))
      .add_number("pid", process.pid);
  if (process.uid) out.add("user", json::object{{"uid", std::to_string(*process.uid)}});
  return out.take();
}

json::object device(const model::WriteEvent& event) {
  return {{"hostname", event.node.empty() ? "unknown" : go_text(event.node, bounds::node)},
          {"type", "Server"},
          {"type_id", server}};
}

json::object unmapped(const model::WriteEvent& event) {
  KnownFields out;
  out.add("detected_by", model::name_of(event.detected_by));
  if (event.file.kind) out.add("kind", model::name_of(event.file.kind->format));
  return out.add("mode", fmt::format("{:04o}", event.file.mode & 07777U))
      .add("mount", model::name_of(event.file.place))
      .add("origin", model::name_of(event.file.origin))
      .add("path_state", model::name_of(event.file.path_state))
      .take();
}

// What every class has, in the order of the base event.
KnownFields base(const model::WriteEvent& event, const std::string& summary, const Activity& activity,
                 model::Severity severity) {
  KnownFields out;
  out.add("activity_id", activity.id)
      .add("activity_name", activity.name)
      .add("category_name", activity.category_name)
      .add("category_uid", activity.category_uid)
      .add("class_name", activity.class_name)
      .add("class_uid", activity.class_uid)
      .add("message", summary)
      .add("metadata",
           json::object{
               {"product",
                {{"name", "dropwarden"}, {"vendor_name", "dropwarden"}, {"version", DROPWARDEN_VERSION}}},
               {"profiles", json::array{"container", "host"}},
               {"version", ocsf_version}})
      .add("severity", title_of(severity))
      // Theirs begins with 1 for what is but information.
      .add("severity_id", static_cast<int>(severity) + 1)
      .add("time", milliseconds(event.time))
      .add("type_name", fmt::format("{}: {}", activity.class_name, activity.name))
      .add("type_uid", activity.class_uid * type_uids_a_class + activity.id)
      .add("device", device(event));
  return out;
}

json::array attacks(const Judgement& judgement) {
  KnownFields attack;
  if (!judgement.tactic.empty()) attack.add("tactic", json::object{{"name", judgement.tactic}});
  if (!judgement.technique_id.empty())
    attack.add("technique", json::object{{"name", judgement.technique}, {"uid", judgement.technique_id}});
  json::array out;
  if (auto known = attack.take(); !known.empty()) out.emplace_back(std::move(known));
  return out;
}

json::object finding_info(const model::Finding& finding, const Judgement& judgement) {
  const std::string title = judgement.rule.empty() ? "dropwarden" : judgement.rule;
  KnownFields analytic;
  analytic.add("name", title)
      .add("type", "Rule")
      .add("type_id", rule_analytic)
      .add_text("uid", judgement.rule_id, bounds::id);
  KnownFields out;
  out.add("analytic", analytic.take());
  if (auto of_attack = attacks(judgement); !of_attack.empty()) out.add("attacks", std::move(of_attack));
  return out.add("created_time", milliseconds(finding.event.time))
      .add("data_sources", json::array{"fanotify"})
      .add_text("desc", judgement.description, bounds::raw_path)
      .add("title", title)
      .add("types", json::array(judgement.tags.begin(), judgement.tags.end()))
      .add("uid", go_text(finding.id, bounds::id))
      .take();
}

json::array resources(const model::Container& container) {
  json::array out;
  if (!container.pod) return out;
  KnownFields pod;
  pod.add_text("name", container.pod->name, bounds::pod_name)
      .add_text("namespace", container.pod->name_space, bounds::pod_name)
      .add("type", "Pod")
      .add_text("uid", container.pod->uid, bounds::word);
  out.emplace_back(pod.take());
  return out;
}

}  // namespace

std::string format_ocsf(const model::Finding& finding) {
  const Judgement judgement = judge(finding);
  const model::WriteEvent& event = finding.event;
  KnownFields evidence;
  evidence.add_object("container", container(event.container))
      .add("file", file(event.file))
      .add_object("process", process(event.process));
  KnownFields out = base(event, summarize(finding), activity_of(finding), judgement.severity);
  out.add("evidences", json::array{evidence.take()})
      .add("finding_info", finding_info(finding, judgement))
      .add("is_alert", true);
  if (auto known = resources(event.container); !known.empty()) out.add("resources", std::move(known));
  json::object own = unmapped(event);
  own.emplace("revision", finding.revision);
  own.emplace("status", finding.is_final ? "final" : "open");
  out.add("status", "New").add("status_id", 1).add("unmapped", json::object{{"dropwarden", std::move(own)}});
  return serialize_as_go(out.take());
}

std::string format_ocsf(const model::WriteEvent& event) {
  json::object writer = process(event.process);
  // Required, also where the writer is not known.
  json::object actor =
      writer.empty() ? json::object{{"app_name", "unknown"}} : json::object{{"process", std::move(writer)}};
  KnownFields out = base(event, summarize(event), activity_of(event), model::Severity::info);
  out.add("actor", std::move(actor))
      .add("file", file(event.file))
      .add("unmapped",
           json::object{{"container", container(event.container)}, {"dropwarden", unmapped(event)}});
  return serialize_as_go(out.take());
}

}  // namespace dropwarden::sink
