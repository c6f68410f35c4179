// SPDX-License-Identifier: Apache-2.0
// The Common Event Format of ArcSight, version 0 (CEF Implementation Standard, revision 26): a header of
// eight parts between bars, then `key=value` with the keys of its dictionary and their lengths.
#include <chrono>
#include <string>

#include <fmt/format.h>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/escape.hpp"

#include "judgement.hpp"
#include "summary.hpp"

namespace dropwarden::sink {
namespace {

// The dictionary's lengths.
constexpr std::size_t name_length = 1023;    // filePath, fname, sproc, msg, cat, suid, fileId, …
constexpr std::size_t custom_length = 4000;  // cs1 to cs6
constexpr std::size_t hash_length = 255;
constexpr std::size_t id_length = 40;
constexpr std::size_t host_length = 100;

std::string escape(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// From 0 to 10; from 7 on it is high, from 9 very high.
int severity_of(model::Severity severity) {
  switch (severity) {
    case model::Severity::critical:
      return 10;
    case model::Severity::high:
      return 8;
    case model::Severity::medium:
      return 6;
    case model::Severity::low:
      return 3;
    case model::Severity::info:
      break;
  }
  return 0;
}

class Extension {
 public:
  Extension& add(std::string_view key, std::string_view bytes, std::size_t length) {
    if (bytes.empty()) return *this;
    if (!text_.empty()) text_ += ' ';
    // Fit for a terminal first: no line feed is left after that. The bound is the text's, before bars and
    // equals signs are escaped, as it is the receiver's after it has read them; `…` takes three bytes.
    constexpr std::size_t room_for_the_cut = 3;
    text_.append(key).append("=").append(escape(util::escape(bytes, length - room_for_the_cut), "="));
    return *this;
  }
  Extension& add_custom(std::string_view key, std::string_view label, std::string_view bytes) {
    if (bytes.empty()) return *this;
    return add(key, bytes, custom_length).add(std::string(key) + "Label", label, name_length);
  }
  template <class Number>
  Extension& add_number(std::string_view key, Number number) {
    return add(key, std::to_string(number), name_length);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::int64_t milliseconds(util::WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string pod_of(const model::Container& container) {
  if (!container.pod || container.pod->name.empty()) return {};
  return container.pod->name_space + "/" + container.pod->name;
}

void add_file(Extension& extension, const model::FileFacts& file) {
  extension.add("filePath", file.path, name_length)
      .add("fname", file_name_of(file.path), name_length)
      .add_number("fsize", file.size)
      .add("fileHash", file.sha256.value, hash_length)
      .add_number("fileId", file.inode)
      .add("filePermission", fmt::format("{:04o}", file.mode & 07777U), name_length);
  if (file.modified != util::WallTime{})
    extension.add_number("fileModificationTime", milliseconds(file.modified));
  if (file.kind) extension.add("fileType", name_of(file.kind->format), name_length);
}

void add_event(Extension& extension, const model::WriteEvent& event, const std::string& summary) {
  extension.add_number("rt", milliseconds(event.time)).add("dvchost", event.node, host_length);
  add_file(extension, event.file);
  extension.add("sproc", event.process.name, name_length);
  if (event.process.pid.value != 0) extension.add_number("spid", event.process.pid.value);
  if (event.process.uid) extension.add_number("suid", *event.process.uid);
  extension.add_custom("cs1", "containerId", event.container.id.value)
      .add_custom("cs2", "containerName", event.container.name)
      .add_custom("cs3", "containerImage", event.container.image.name)
      .add_custom("cs4", "kubernetesPod", pod_of(event.container))
      .add_custom("cs5", "processCommandLine", joined(event.process.command_line))
      .add_custom("cs6", "origin", model::name_of(event.file.origin))
      .add("deviceFacility", model::name_of(event.detected_by), name_length)
      .add("msg", summary, name_length);
}

struct Head {
  std::string signature;
  std::string name;
  int severity = 0;
};

std::string line(const Head& head, const Extension& extension) {
  return fmt::format("CEF:0|dropwarden|dropwarden|{}|{}|{}|{}|{}", DROPWARDEN_VERSION,
                     escape(util::escape(head.signature), "|"), escape(util::escape(head.name), "|"),
                     head.severity, extension.text());
}

}  // namespace

std::string format_cef(const model::Finding& finding) {
  const Judgement judgement = judge(finding);
  Extension extension;
  extension.add("externalId", finding.id, id_length);
  add_event(extension, finding.event, summarize(finding));
  extension.add("cat", judgement.technique_id, name_length)
      .add("act", finding.is_final ? "final" : "open", name_length)
      .add_number("cn1", finding.revision)
      .add("cn1Label", "revision", name_length);
  return line({.signature = judgement.rule_id.empty() ? "dropwarden" : judgement.rule_id,
               .name = judgement.rule.empty() ? "dropwarden" : judgement.rule,
               .severity = severity_of(judgement.severity)},
              extension);
}

std::string format_cef(const model::WriteEvent& event) {
  Extension extension;
  add_event(extension, event, summarize(event));
  return line({.signature = model::WriteEvent::name, .name = "File written in container", .severity = 0},
              extension);
}

}  // namespace dropwarden::sink
