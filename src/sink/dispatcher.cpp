// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/dispatcher.hpp"

#include <atomic>
#include <memory>
#include <utility>

#include "dropwarden/util/check.hpp"

namespace dropwarden::sink {

namespace {

// One record on its way to several streams; gone with the last of its lines.
class Telling {
 public:
  Telling(const Dispatcher::OnTold& on_told, std::string id, unsigned revision)
      : on_told_(on_told), id_(std::move(id)), revision_(revision) {}
  ~Telling() {
    if (!is_written_ && is_taken_) on_told_(id_, revision_, false);
  }
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;

  void take() { is_taken_ = true; }
  void end(bool is_written) {
    if (is_written && !is_written_.exchange(true)) on_told_(id_, revision_, true);
  }

 private:
  const Dispatcher::OnTold on_told_;
  const std::string id_;
  const unsigned revision_;
  std::atomic<bool> is_taken_{false};
  std::atomic<bool> is_written_{false};
};

}  // namespace

Dispatcher::Dispatcher(std::vector<Output> outputs, OnTold on_told) : on_told_(std::move(on_told)) {
  for (auto& output : outputs) {
    util::check(output.stream != nullptr, "an output has a stream");
    sinks_.push_back({.output = std::move(output)});
  }
}

template <class Record>
std::string Dispatcher::line_for(Sink& sink, const Record& record) {
  const Output& output = sink.output;
  TextStyle style{.columns = 0, .is_colored = output.is_colored};
  if (output.format != Format::text || !output.read_columns) return format_line(output.format, record, style);
  style.columns = output.read_columns();
  std::string line = format_text(record, style);
  if (style.columns == sink.columns_of_header) return line;
  sink.columns_of_header = style.columns;
  return format_text_header(style) + '\n' + line;
}

std::size_t Dispatcher::deliver(const model::Finding& finding, bool is_told) {
  std::size_t without_room = 0;
  std::size_t takers = 0;
  const bool is_said = on_told_ && !is_told;
  const auto telling = is_said ? std::make_shared<Telling>(on_told_, finding.id, finding.revision) : nullptr;
  for (Sink& sink : sinks_) {
    const bool is_first = finding.revision == 1 || finding.is_shown_late;
    if (!is_first && !sink.output.has_revisions) continue;
    ++takers;
    Stream::OnEnd on_end;
    if (telling) on_end = [telling](bool is_written) { telling->end(is_written); };
    const bool is_taken =
        sink.output.stream->write(line_for(sink, finding), Stream::Room::whole, std::move(on_end));
    if (is_taken && telling) telling->take();
    if (!is_taken) ++without_room;
  }
  if (telling && takers == 0) telling->end(true);
  return without_room;
}

bool Dispatcher::deliver_native(const std::string& id, unsigned revision, const std::string& record) {
  bool is_taken = false;
  const auto telling = on_told_ ? std::make_shared<Telling>(on_told_, id, revision) : nullptr;
  for (Sink& sink : sinks_) {
    if (sink.output.format != Format::native || !sink.output.has_revisions) continue;
    Stream::OnEnd on_end;
    if (telling) on_end = [telling](bool is_written) { telling->end(is_written); };
    if (sink.output.stream->write(record, Stream::Room::whole, std::move(on_end))) is_taken = true;
  }
  if (telling && is_taken) telling->take();
  return is_taken;
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
