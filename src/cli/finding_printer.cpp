// SPDX-License-Identifier: Apache-2.0
#include "finding_printer.hpp"

#include <string>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/sys/output.hpp"
#include "dropwarden/util/escape.hpp"

namespace dropwarden::cli {
namespace {

namespace json = boost::json;

// Bytes that are written at once: of a large answer in the store, a call for each line is a third of the
// time.
constexpr std::size_t enough = 64UL * 1024;

// What a row alone tells, in the shape of a record.
std::string record_of(const store::FoundFinding& finding) {
  const store::Workload& workload = finding.workload;
  json::object container{{"id", workload.container}, {"name", workload.name}};
  if (!workload.pod.empty()) container["pod"] = {{"name", workload.pod}, {"namespace", workload.name_space}};
  json::object file{{"path", finding.path}, {"path_state", finding.path_state}, {"kind", finding.kind}};
  file["sha256"] = {{"value", finding.sha256}};
  const json::object record{{"time", util::format_rfc3339(finding.time)},
                            {"signature", {{"severity", finding.severity}}},
                            {"decision", {{"verdict", finding.decision}}},
                            {"event", {{"container", std::move(container)}, {"file", std::move(file)}}}};
  return json::serialize(record);
}

// A search for each of them (memchr(3)) takes a tenth of one for any of them.
bool is_plain(const std::string& record) {
  return !record.contains('\n') && !record.contains('\r') && !record.contains('\x1b');
}

}  // namespace

std::string recorded_line(const std::string& record) {
  return is_plain(record) ? record : util::escape(record, record.size());
}

std::string text_line(const store::FoundFinding& finding, const sink::TextStyle& style) {
  auto line = finding.record ? sink::format_text(*finding.record, style) : std::nullopt;
  if (!line) line = sink::format_text(record_of(finding), style);
  return line.value_or(finding.id);
}

StoredFindingPrinter::StoredFindingPrinter(std::ostream& out, bool is_json)
    : out_(out),
      is_json_(is_json),
      columns_(sys::terminal_columns(STDOUT_FILENO)),
      is_colored_(columns_ && sys::is_color_wanted()) {}

StoredFindingPrinter::~StoredFindingPrinter() {
  flush();
}

void StoredFindingPrinter::print(const store::FoundFinding& finding) {
  if (!is_json_)
    print_text(finding);
  else if (finding.record)
    lines_.append(recorded_line(*finding.record)).append(1, '\n');
  else
    ++left_out_;
  if (lines_.size() >= enough) flush();
}

void StoredFindingPrinter::flush() {
  out_ << lines_;
  lines_.clear();
}

void StoredFindingPrinter::print_text(const store::FoundFinding& finding) {
  const sink::TextStyle style{
      .columns = columns_ ? sys::terminal_columns(STDOUT_FILENO).value_or(*columns_) : 0,
      .is_colored = is_colored_};
  if (columns_ && !has_header_) lines_.append(sink::format_text_header(style)).append(1, '\n');
  has_header_ = true;
  lines_.append(text_line(finding, style)).append(1, '\n');
}

}  // namespace dropwarden::cli
