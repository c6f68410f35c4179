// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/encode.hpp"

#include "bounds.hpp"
#include "kind_json.hpp"

namespace dropwarden::sink {
namespace {

namespace json = boost::json;

// Builds in one piece of memory that is dropped whole after the text was made. Keys are added in the schema's
// order, which json::object keeps.
class Builder {
 public:
  explicit Builder(json::storage_ptr storage) : storage_(std::move(storage)) {}

  json::object event_record(const model::WriteEvent& written) const {
    auto out = object(4);
    out.emplace("schema", "dropwarden.event/1");
    out.emplace("time", util::format_rfc3339(written.time));
    out.emplace("detected_by", model::name_of(written.detected_by));
    out.emplace("event", event(written));
    return out;
  }

  json::object finding(const model::Finding& finding) const {
    auto out = object(10);
    out.emplace("schema", "dropwarden.finding/1");
    out.emplace("id", text(finding.id, bounds::id));
    out.emplace("revision", finding.revision);
    out.emplace("status", finding.is_final ? "final" : "open");
    out.emplace("time", util::format_rfc3339(finding.event.time));
    out.emplace("detected_by", model::name_of(finding.event.detected_by));
    out.emplace("signature",
                signature(finding.signature.value_or(model::Signature{}), finding.decision.severity));
    out.emplace("decision", decision(finding.decision));
    out.emplace("event", event(finding.event));
    auto data = object(1);
    data.emplace("path", text(finding.event.file.path, bounds::path));
    out.emplace("data", std::move(data));
    return out;
  }

 private:
  json::object signature(const model::Signature& signature, model::Severity severity) const {
    auto out = object(8);
    out.emplace("id", signature.id);
    out.emplace("name", signature.name);
    out.emplace("event_name", signature.event_name);
    out.emplace("version", signature.version);
    out.emplace("severity", static_cast<int>(severity));
    out.emplace("description", signature.description);
    out.emplace("category", signature.category);
    auto mitre = object(4);
    mitre.emplace("tactic", signature.tactic);
    mitre.emplace("technique", signature.technique);
    mitre.emplace("technique_id", signature.technique_id);
    mitre.emplace("stix_id", signature.stix_id);
    out.emplace("mitre", std::move(mitre));
    return out;
  }

  json::object decision(const model::Decision& decision) const {
    auto out = object(10);
    out.emplace("verdict", model::name_of(decision.verdict));
    out.emplace("severity", model::name_of(decision.severity));
    json::array grounds(storage_);
    for (const model::Ground ground : decision.grounds) grounds.emplace_back(model::name_of(ground));
    out.emplace("grounds", std::move(grounds));
    json::array tags(storage_);
    for (const std::string& tag :
         std::span(decision.tags).first(std::min(decision.tags.size(), bounds::tag_count)))
      tags.emplace_back(shown(tag, bounds::tag, storage_));
    out.emplace("tags", std::move(tags));
    json::array attacks(storage_);
    for (const model::Attack& attack : decision.attacks) attacks.emplace_back(this->attack(attack));
    out.emplace("mitre", std::move(attacks));
    out.emplace("rule", text(decision.rule, bounds::policy_name));
    out.emplace("exception", decision.exception ? json::value(exception(*decision.exception)) : null());
    out.emplace("generation", decision.generation);
    out.emplace("held_back", decision.held_back);
    out.emplace("assessment", decision.assessment);
    return out;
  }

  json::object attack(const model::Attack& attack) const {
    auto out = object(5);
    out.emplace("tactic_id", attack.tactic_id);
    out.emplace("tactic", attack.tactic);
    out.emplace("former_tactic", attack.former_tactic);
    out.emplace("technique_id", attack.technique_id);
    out.emplace("technique", attack.technique);
    return out;
  }

  json::object exception(const model::ExceptedBy& exception) const {
    auto out = object(2);
    out.emplace("name", text(exception.name, bounds::policy_name));
    out.emplace("reason", text(exception.reason, bounds::policy_reason));
    return out;
  }

  json::object event(const model::WriteEvent& event) const {
    const std::span header(event.header);
    auto out = object(6);
    out.emplace("name", model::WriteEvent::name);
    out.emplace("header", util::base64(header.first(std::min(header.size(), bounds::header))));
    out.emplace("node", text(event.node, bounds::node));
    out.emplace("container", container(event.container));
    out.emplace("file", file(event.file));
    out.emplace("process", process(event.process));
    return out;
  }

  json::object container(const model::Container& container) const {
    auto out = object(7);
    out.emplace("id", text(container.id.value, bounds::id));
    out.emplace("name", text(container.name, bounds::container_name));
    out.emplace("runtime", model::name_of(container.runtime));
    auto image = object(2);
    image.emplace("name", text(container.image.name, bounds::image));
    image.emplace("digest", text(container.image.digest, bounds::image));
    out.emplace("image", std::move(image));
    out.emplace("labels", labels(container.labels));
    out.emplace("pod", pod(container.pod));
    out.emplace("metadata", model::name_of(container.metadata));
    return out;
  }

  json::value pod(const std::optional<model::Pod>& pod) const {
    if (!pod) return null();
    auto out = object(3);
    out.emplace("name", text(pod->name, bounds::pod_name));
    out.emplace("namespace", text(pod->name_space, bounds::pod_name));
    out.emplace("uid", text(pod->uid, bounds::word));
    return out;
  }

  json::object labels(const std::map<std::string, std::string>& labels) const {
    auto out = object(std::min(labels.size(), bounds::label_count) + 1);
    std::size_t used = 0;
    for (const auto& [raw_key, raw_value] : labels) {
      const std::string key = util::escape(raw_key, bounds::label_key);
      std::string value = util::escape(raw_value, bounds::label_value);
      used += key.size() + value.size();
      // Two keys that were cut to the same text count as cut too.
      if (used > bounds::labels || out.size() == bounds::label_count || out.contains(key)) {
        out["…"] = fmt::format("{} more", labels.size() - out.size());
        break;
      }
      out.emplace(key, std::move(value));
    }
    return out;
  }

  json::object file(const model::FileFacts& file) const {
    auto out = object(17);
    out.emplace("path", text(file.path, bounds::path));
    out.emplace("path_state", model::name_of(file.path_state));
    out.emplace("kind", file.kind ? json::value(model::name_of(file.kind->format), storage_) : null());
    if (file.kind) out.emplace(model::name_of(file.kind->format), kind_json(*file.kind, storage_));
    out.emplace("registration", file.kind ? registration_json(file.kind->registration, storage_) : null());
    out.emplace("size", file.size);
    out.emplace("mode", fmt::format("{:04o}", file.mode & 07777U));
    out.emplace("uid", file.uid);
    out.emplace("gid", file.gid);
    out.emplace("capabilities",
                file.has_capabilities ? json::value(*file.has_capabilities, storage_) : null());
    out.emplace("mtime", util::format_rfc3339(file.modified));
    out.emplace("ctime", util::format_rfc3339(file.changed));
    out.emplace("inode", file.inode);
    out.emplace("device", fmt::format("{}:{}", file.device.major, file.device.minor));
    out.emplace("mount", model::name_of(file.place));
    out.emplace("origin", model::name_of(file.origin));
    auto sha256 = object(2);
    sha256.emplace("value", text(file.sha256.value, bounds::word));
    sha256.emplace("status", model::name_of(file.sha256.status));
    out.emplace("sha256", std::move(sha256));
    auto capture = object(2);
    capture.emplace("status", model::name_of(file.capture.status));
    capture.emplace("path", text(file.capture.path, bounds::path));
    out.emplace("capture", std::move(capture));
    return out;
  }

  json::object process(const model::ProcessInfo& process) const {
    auto out = object(11);
    out.emplace("pid", number(process.pid));
    out.emplace("pid_in_container", number(process.pid_in_container));
    out.emplace("container", model::name_of(process.container));
    out.emplace("state", model::name_of(process.state));
    out.emplace("name", text(process.name, bounds::process_name));
    out.emplace("exe", text(process.exe, bounds::path));
    out.emplace("cmdline", command_line(process.command_line));
    out.emplace("uid", process.uid ? json::value(*process.uid, storage_) : null());
    out.emplace("loginuid", process.login_uid ? json::value(*process.login_uid, storage_) : null());
    const bool has_start = process.start_time != util::WallTime{};
    out.emplace("start_time", has_start ? time(process.start_time) : null());
    out.emplace("ancestors", ancestors(process.ancestors));
    return out;
  }

  json::array command_line(const std::vector<std::string>& arguments) const {
    json::array out(storage_);
    std::size_t room = bounds::command_line;
    for (const auto& argument : arguments) {
      const bool is_full = room == 0 || out.size() == bounds::argument_count;
      auto shown_argument = is_full ? json::string("…", storage_) : shown(argument, room, storage_);
      room -= std::min(room, shown_argument.size());
      out.emplace_back(std::move(shown_argument));
      if (is_full) break;
    }
    return out;
  }

  json::array ancestors(const std::vector<model::Ancestor>& ancestors) const {
    json::array out(storage_);
    for (const auto& ancestor :
         std::span(ancestors).first(std::min(ancestors.size(), bounds::ancestor_count))) {
      auto entry = object(3);
      entry.emplace("pid", number(ancestor.pid));
      entry.emplace("name", text(ancestor.name, bounds::process_name));
      entry.emplace("exe", text(ancestor.exe, bounds::ancestor_exe));
      out.emplace_back(std::move(entry));
    }
    return out;
  }

  json::object object(std::size_t capacity) const { return json::object(capacity, storage_); }
  json::value null() const { return json::value(nullptr, storage_); }
  json::value number(model::Pid pid) const {
    return pid.value == 0 ? null() : json::value(pid.value, storage_);
  }
  json::value time(util::WallTime time) const { return json::value(util::format_rfc3339(time), storage_); }
  json::value text(std::string_view bytes, std::size_t bound) const {
    return text_or_null(bytes, bound, storage_);
  }

  json::storage_ptr storage_;
};

template <class Make>
std::string serialize(Make make) {
  // Enough for a usual finding; a larger one takes more from the heap.
  std::array<unsigned char, 16384> buffer;
  json::monotonic_resource memory(buffer.data(), buffer.size());
  return json::serialize(make(Builder(&memory)));
}

}  // namespace

std::string format_native(const model::Finding& finding) {
  return serialize([&](const Builder& builder) { return builder.finding(finding); });
}

std::optional<std::string> finish_native(const std::string& record, unsigned revision) {
  boost::system::error_code error;
  json::value value = json::parse(record, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto replace = [&](std::string_view pointer, std::string_view from, json::value to) {
    json::value* const found = value.find_pointer(pointer, error);
    if (found != nullptr && (from.empty() || (found->is_string() && found->get_string() == from)))
      *found = std::move(to);
  };
  replace("/revision", {}, revision);
  replace("/status", {}, "final");
  replace("/event/file/sha256/status", name_of(model::HashStatus::pending), name_of(model::HashStatus::gone));
  replace("/event/file/capture/status", name_of(model::CaptureStatus::pending),
          name_of(model::CaptureStatus::gone));
  replace("/event/container/metadata", name_of(model::Metadata::pending), name_of(model::Metadata::none));
  std::string text = json::serialize(value);
  // A number beyond 64 bits, which no record of ours has, is read as a double: as infinity, which is written
  // as a word that is no JSON (RFC 8259, 6), or as one that is another when it is read again.
  const json::value again = json::parse(text, error);
  return error || again != value ? std::nullopt : std::optional(std::move(text));
}

std::string format_native(const model::WriteEvent& event) {
  return serialize([&](const Builder& builder) { return builder.event_record(event); });
}

}  // namespace dropwarden::sink
