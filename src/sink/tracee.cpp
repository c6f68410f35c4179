// SPDX-License-Identifier: Apache-2.0
// The JSON that Tracee 0.24 prints: its `trace.Event`, key for key. dropwarden-findings(5) lists what stands
// where fanotify(7) cannot know the value; each such value is the zero value of its Go type unless a consumer
// would take that for a fact.
#include <algorithm>
#include <span>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/encode.hpp"

#include "bounds.hpp"
#include "go_json.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;

// Constants of the format: consumers select and group records by them.
constexpr const char* finding_event_id = "6029";
constexpr int base_event_id = 727;
constexpr const char* description =
    "An Executable file was dropped in the system during runtime. Container images are usually built with "
    "all "
    "binaries needed inside. A dropped binary may indicate that an adversary infiltrated your container.";
constexpr std::size_t name_bytes = 15;  // of a process and of a host: TASK_COMM_LEN less its NUL

std::int64_t nanoseconds(util::WallTime time) {
  return time.time_since_epoch().count();
}

json::object argument(std::string_view name, std::string_view type, json::value value) {
  return {{"name", name}, {"type", type}, {"value", std::move(value)}};
}

json::value path_of(const model::WriteEvent& event) {
  return json::value(json::string(go_text(event.file.path, bounds::path)));
}

// dev_t as the kernel keeps it, MKDEV() in include/linux/kdev_t.h.
std::uint32_t kernel_device(const model::Device& device) {
  constexpr unsigned minor_bits = 20;
  return device.major << minor_bits | device.minor;
}

json::array base_arguments(const model::WriteEvent& event) {
  const std::span header(event.header);
  return {argument("pathname", "string", path_of(event)),
          argument("bytes", "[]byte",
                   json::value(util::base64(header.first(std::min(header.size(), bounds::header))))),
          argument("dev", "uint32", kernel_device(event.file.device)),
          argument("inode", "uint64", event.file.inode)};
}

void add_unless_empty(json::object& object, std::string_view key, std::string_view text, std::size_t bound) {
  if (!text.empty()) object.emplace(key, go_text(text, bound));
}

json::object container_of(const model::Container& container) {
  json::object out;
  add_unless_empty(out, "id", container.id.value, bounds::id);
  add_unless_empty(out, "name", container.name, bounds::container_name);
  add_unless_empty(out, "image", container.image.name, bounds::image);
  add_unless_empty(out, "imageDigest", container.image.digest, bounds::image);
  return out;
}

json::object pod_of(const model::Container& container) {
  json::object out;
  if (!container.pod) return out;
  add_unless_empty(out, "podName", container.pod->name, bounds::pod_name);
  add_unless_empty(out, "podNamespace", container.pod->name_space, bounds::pod_name);
  add_unless_empty(out, "podUID", container.pod->uid, bounds::word);
  if (container.is_sandbox) out.emplace("podSandbox", true);
  return out;
}

void add_process(json::object& out, const model::ProcessInfo& process) {
  // (uid_t)-1, chown(2): nobody. 0 would be a claim.
  constexpr std::uint32_t unknown_user = 4294967295U;
  out.emplace("threadStartTime", nanoseconds(process.start_time));
  out.emplace("processorId", 0);
  out.emplace("processId", process.pid_in_container.value);
  out.emplace("cgroupId", process.cgroup_id);
  out.emplace("threadId", process.pid_in_container.value);
  out.emplace("parentProcessId", process.parent_in_container.value);
  out.emplace("hostProcessId", process.pid.value);
  out.emplace("hostThreadId", process.pid.value);
  out.emplace("hostParentProcessId", process.parent.value);
  out.emplace("userId", process.uid.value_or(unknown_user));
  out.emplace("mountNamespace", process.mount_namespace);
  out.emplace("pidNamespace", process.pid_namespace);
  out.emplace("processName", go_text(std::string_view(process.name).substr(0, name_bytes), bounds::word));
  out.emplace("executable", json::object{{"path", go_text(process.exe, bounds::path)}});
  out.emplace("hostName", go_text(std::string_view(process.host_name).substr(0, name_bytes), bounds::word));
}

struct Head {
  std::string_view event_id;
  std::string_view event_name;
  std::size_t arguments = 0;
};

// What both kinds of record begin with, up to `parentEntityId`.
json::object record(const model::WriteEvent& event, const Head& head) {
  json::object out;
  out.reserve(32);
  out.emplace("timestamp", nanoseconds(event.time));
  add_process(out, event.process);
  out.emplace("containerId", go_text(event.container.id.value, bounds::id));
  out.emplace("container", container_of(event.container));
  out.emplace("kubernetes", pod_of(event.container));
  out.emplace("eventId", head.event_id);
  out.emplace("eventName", head.event_name);
  out.emplace("argsNum", head.arguments);
  // What the first write returned, which nobody saw; the size of the file is the same where one write made
  // it.
  out.emplace("returnValue", event.file.size);
  out.emplace("syscall", "");
  out.emplace("stackAddresses", nullptr);
  out.emplace("contextFlags", json::object{{"containerStarted", true}, {"isCompat", false}});
  for (const char* key : {"threadEntityId", "processEntityId", "parentEntityId"}) out.emplace(key, 0);
  return out;
}

json::object metadata_of(const model::Signature& signature, model::Severity severity) {
  return {{"Version", signature.version},
          {"Description", description},
          {"Tags", nullptr},
          {"Properties",
           {{"Category", signature.category},
            {"Kubernetes_Technique", ""},
            {"Severity", static_cast<int>(severity)},
            {"Technique", signature.technique},
            {"external_id", signature.technique_id},
            {"id", signature.stix_id},
            {"signatureID", signature.id},
            {"signatureName", signature.name}}}};
}

}  // namespace

std::string format_tracee(const model::Finding& finding) {
  const auto signature = finding.signature.value_or(model::Signature{});
  const auto& event = finding.event;
  json::object detected_from{{"args", base_arguments(event)},
                             {"id", base_event_id},
                             {"name", model::WriteEvent::name},
                             {"returnValue", event.file.size}};
  json::array arguments{argument("path", "const char *", path_of(event)),
                        argument("detectedFrom", "unknown", std::move(detected_from))};
  if (finding.decision.held_back != 0)
    arguments.push_back(argument("held_back", "unsigned long", finding.decision.held_back));
  auto out = record(event, {finding_event_id, signature.event_name, arguments.size()});
  out.emplace("args", std::move(arguments));
  out.emplace("metadata", metadata_of(signature, finding.decision.severity));
  return serialize_as_go(out);
}

std::string format_tracee(const model::WriteEvent& event) {
  auto arguments = base_arguments(event);
  auto out = record(event, {std::to_string(base_event_id), model::WriteEvent::name, arguments.size()});
  out.emplace("args", std::move(arguments));
  return serialize_as_go(out);
}

}  // namespace dropwarden::sink
