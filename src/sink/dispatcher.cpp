// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/dispatcher.hpp"

#include <utility>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/check.hpp"

namespace dropwarden::sink {

Dispatcher::Dispatcher(std::vector<Output> outputs) {
  for (auto& output : outputs) {
    util::check(output.stream != nullptr, "an output has a stream");
    sinks_.push_back({.output = std::move(output)});
  }
}

template <class Record>
std::string Dispatcher::text_line(Sink& sink, const Record& record) {
  const Output& output = sink.output;
  TextStyle style{.columns = 0, .is_colored = output.is_colored};
  if (!output.read_columns) return format_text(record, style);
  style.columns = output.read_columns();
  std::string line = format_text(record, style);
  if (style.columns == sink.columns_of_header) return line;
  sink.columns_of_header = style.columns;
  return format_text_header(style) + '\n' + line;
}

template <class Record>
std::string Dispatcher::line_for(Sink& sink, const Record& record) {
  switch (sink.output.format) {
    case Format::native:
      return format_native(record);
    case Format::tracee:
      return format_tracee(record);
    case Format::text:
      break;
  }
  return text_line(sink, record);
}

std::size_t Dispatcher::deliver(const model::Finding& finding) {
  std::size_t without_room = 0;
  for (Sink& sink : sinks_) {
    const bool is_taken = finding.revision == 1 || has_revisions(sink.output.format);
    if (is_taken && !sink.output.stream->write(line_for(sink, finding))) ++without_room;
  }
  return without_room;
}

std::size_t Dispatcher::deliver(const model::WriteEvent& event) {
  std::size_t without_room = 0;
  for (Sink& sink : sinks_) {
    if (!sink.output.has_events) continue;
    if (!sink.output.stream->write(line_for(sink, event), Stream::Room::half)) ++without_room;
  }
  return without_room;
}

void Dispatcher::finish() const {
  for (const Sink& sink : sinks_) sink.output.stream->finish();
}

std::uint64_t Dispatcher::lines_written() const {
  std::uint64_t sum = 0;
  for (const Sink& sink : sinks_) sum += sink.output.stream->lines_written();
  return sum;
}

std::uint64_t Dispatcher::lines_lost() const {
  std::uint64_t sum = 0;
  for (const Sink& sink : sinks_) sum += sink.output.stream->lines_lost();
  return sum;
}

}  // namespace dropwarden::sink
