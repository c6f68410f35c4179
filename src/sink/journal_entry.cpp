// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/journal_entry.hpp"

#include <cstdint>

#include <fmt/format.h>

#include "judgement.hpp"

namespace dropwarden::sink {
namespace {

// `NAME=VALUE`, or with the length before it where a line feed is in it. The journal takes any bytes.
class Entry {
 public:
  Entry& add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    if (value.find('\n') == std::string_view::npos) {
      text_.append(name).append("=").append(value).append("\n");
      return *this;
    }
    append_sized_field(text_, name, value);
    return *this;
  }
  Entry& add(std::string_view name, std::uint64_t number) { return add(name, std::to_string(number)); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

void append_sized_field(std::string& entry, std::string_view name, std::string_view value) {
  entry.append(name).append("\n");
  for (std::uint64_t size = value.size(), i = 0; i < sizeof size; ++i)
    entry += static_cast<char>(size >> 8 * i);
  entry.append(value).append("\n");
}

std::string format_journal(const model::Finding& finding, Format format) {
  const Judgement judgement = judge(finding);
  const model::WriteEvent& event = finding.event;
  const model::Container& container = event.container;
  Entry entry;
  entry.add("MESSAGE", format_line(format, finding, {}))
      .add("PRIORITY", syslog_severity(judgement.severity))
      .add("SYSLOG_IDENTIFIER", "dropwarden")
      .add("DROPWARDEN_ID", finding.id)
      .add("DROPWARDEN_REVISION", finding.revision)
      .add("DROPWARDEN_STATUS", finding.is_final ? "final" : "open")
      .add("DROPWARDEN_RULE", judgement.rule)
      .add("DROPWARDEN_TECHNIQUE", judgement.technique_id)
      .add("DROPWARDEN_DETECTED_BY", model::name_of(event.detected_by))
      .add("DROPWARDEN_PATH", event.file.path)
      .add("DROPWARDEN_KIND", event.file.kind ? name_of(event.file.kind->format) : "")
      .add("DROPWARDEN_ORIGIN", model::name_of(event.file.origin))
      .add("DROPWARDEN_SHA256", event.file.sha256.value)
      .add("DROPWARDEN_IMAGE", container.image.name)
      .add("CONTAINER_ID_FULL", container.id.value)
      .add("CONTAINER_ID", std::string_view(container.id.value).substr(0, 12))
      .add("CONTAINER_NAME", container.name);
  if (container.pod)
    entry.add("DROPWARDEN_POD", container.pod->name).add("DROPWARDEN_NAMESPACE", container.pod->name_space);
  if (event.process.pid.value != 0)
    entry.add("DROPWARDEN_PID", static_cast<std::uint64_t>(event.process.pid.value));
  return entry.add("DROPWARDEN_EXE", event.process.exe).text();
}

}  // namespace dropwarden::sink
