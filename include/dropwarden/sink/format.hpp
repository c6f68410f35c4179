// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "dropwarden/model/finding.hpp"

namespace dropwarden::sink {

enum class Format { native, tracee, falco, ecs, ocsf, cef, text };
const char* name_of(Format format);

// Whether records of one finding can be told to be that by who reads the format: native has an id and a
// revision, OCSF the activity Update. Of the others each record counts as a detection; they get the first,
// since to wait for the last would lose the finding if the daemon ended meanwhile.
constexpr bool has_revisions(Format format) {
  return format == Format::native || format == Format::ocsf;
}

// Native schema 1, one JSON object (RFC 8259) without a line feed (dropwarden-findings(5)). Pure.
//
// Every key of the schema is always there and in the same order, with one exception: `file` has the object
// named by its `kind`, not those of other kinds. What is not known is null: an empty text, a process number
// 0, a start time at the epoch, a login uid that was never set, `pod` of a container in no pod. A list or
// `labels` without content is empty. Times are RFC 3339 in UTC with nanoseconds. Integers are exact; an
// `inode` may exceed 2^53.
//
// Texts from containers and runtimes are escaped (util::escape) before they become JSON strings and cut to a
// bound each, then they end in `…`; a list or `labels` that was cut has a last entry `…`. A line never
// exceeds `max_native_bytes`.
std::string format_native(const model::Finding& finding);
// The last record of a finding, made of its newest one, which the daemon did not live to follow up: with this
// revision, `final`, and nothing pending any more. Nothing when `record` is none in the native format.
std::optional<std::string> finish_native(const std::string& record, unsigned revision);
// Schema `dropwarden.event/1`: `time`, `detected_by` and the same `event`, by the same rules.
std::string format_native(const model::WriteEvent& event);
inline constexpr std::size_t max_native_bytes = std::size_t{512} << 10U;

// The JSON of Tracee 0.24, one object without a line feed: a record of `dropped_executable` with the event it
// was detected from, or of `magic_write`. Keys, their order and the types are Tracee's;
// dropwarden-findings(5) says what stands for values that dropwarden cannot know. Text keeps its characters,
// unlike in the native schema (invalid UTF-8 becomes U+FFFD), is cut to a bound, and cannot leave its string.
// A line never exceeds `max_tracee_bytes`. Pure.
std::string format_tracee(const model::Finding& finding);
std::string format_tracee(const model::WriteEvent& event);
inline constexpr std::size_t max_tracee_bytes = std::size_t{512} << 10U;

// The JSON of an alert of Falco 0.44 with `json_output`, as falcosidekick takes it: Falco's keys and field
// names. Texts as in format_tracee. Pure.
std::string format_falco(const model::Finding& finding);
std::string format_falco(const model::WriteEvent& event);

// The Elastic Common Schema 8.17, `event.kind` `alert` or `event`. What is not known is absent. Pure.
std::string format_ecs(const model::Finding& finding);
std::string format_ecs(const model::WriteEvent& event);

// OCSF 1.5: Detection Finding (2004), of a later revision the activity Update; of an event File System
// Activity (1001). What is not known is absent. Pure.
std::string format_ocsf(const model::Finding& finding);
std::string format_ocsf(const model::WriteEvent& event);

// The Common Event Format, version 0: one line of UTF-8 without a syslog header. Texts are escaped
// (util::escape) and cut to the lengths of its dictionary. Pure.
std::string format_cef(const model::Finding& finding);
std::string format_cef(const model::WriteEvent& event);

// A line in one of the formats after `format_tracee` never exceeds this.
inline constexpr std::size_t max_foreign_bytes = std::size_t{1} << 20U;

struct TextStyle {
  std::size_t columns = 0;  // of the terminal; 0: there is none, and nothing is cut
  bool is_colored = false;  // adds SGR sequences (ECMA-48) and nothing else
};

// One line for a person: time in UTC, severity (`write` for an event), container, kind, process and path, in
// columns. On a terminal a text that is too long for its column loses its middle, and the line fits from 70
// columns on; elsewhere it is whole, the time has a date, and the SHA-256 follows where it is known already.
// Text from outside that could be taken for something else is put in double quotes. Pure.
std::string format_text(const model::Finding& finding, const TextStyle& style);
std::string format_text(const model::WriteEvent& event, const TextStyle& style);
// The same of a record in the native format. Nothing when it is none.
std::optional<std::string> format_text(const std::string& record, const TextStyle& style);
std::string format_text_header(const TextStyle& style);

// One line in `format`, without its line feed; `style` is for text. Pure.
std::string format_line(Format format, const model::Finding& finding, const TextStyle& style);
std::string format_line(Format format, const model::WriteEvent& event, const TextStyle& style);

}  // namespace dropwarden::sink
