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
  Telling(const Dispatcher::OnTold& on_told, Dispatcher::Told told)
      : on_told_(on_told), told_(std::move(told)) {}
  ~Telling() {
    if (!is_written_ && is_taken_) on_told_(told_);
  }
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;

  void take() { is_taken_ = true; }
  void end(bool is_written) {
    if (!is_written || is_written_.exchange(true)) return;
    Dispatcher::Told written = told_;
    written.is_written = true;
    on_told_(written);
  }

 private:
  const Dispatcher::OnTold on_told_;
  const Dispatcher::Told told_;
  std::atomic<bool> is_taken_{false};
  std::atomic<bool> is_written_{false};
};

// Null when nobody asks.
std::shared_ptr<Telling> begin_telling(const Dispatcher::OnTold& on_told, const std::string& id,
                                       unsigned revision, bool is_first) {
  if (!on_told) return nullptr;
  return std::make_shared<Telling>(on_told,
                                   Dispatcher::Told{.id = id, .revision = revision, .is_first = is_first});
}

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

Dispatcher::Delivery Dispatcher::deliver(const model::Finding& finding, bool is_told, std::string native) {
  Delivery delivery{.native = std::move(native)};
  const bool is_first = finding.is_first();
  const auto telling = is_told ? nullptr : begin_telling(on_told_, finding.id, finding.revision, is_first);
  for (Sink& sink : sinks_) {
    if (!is_first && !sink.output.has_revisions) continue;
    ++delivery.takers;
    Stream::OnEnd on_end;
    if (telling) on_end = [telling](bool is_written) { telling->end(is_written); };
    const bool is_native = sink.output.format == Format::native;
    if (is_native && delivery.native.empty()) delivery.native = format_native(finding);
    const bool is_taken = sink.output.stream->write(is_native ? delivery.native : line_for(sink, finding),
                                                    Stream::Room::whole, std::move(on_end));
    if (is_taken && telling) telling->take();
    if (!is_taken) ++delivery.lost;
  }
  return delivery;
}

bool Dispatcher::deliver_native(const std::string& id, unsigned revision, bool is_first,
                                const std::string& record, bool is_told) {
  bool is_taken = false;
  const auto telling = is_told ? nullptr : begin_telling(on_told_, id, revision, is_first);
  for (Sink& sink : sinks_) {
    if (sink.output.format != Format::native || !sink.output.has_revisions) continue;
    Stream::OnEnd on_end;
    if (telling) on_end = [telling](bool is_written) { telling->end(is_written); };
    if (sink.output.stream->write(record, Stream::Room::whole, std::move(on_end))) is_taken = true;
  }
  if (telling && is_taken) telling->take();
  return is_taken;
}

Dispatcher::Delivery Dispatcher::deliver(const model::WriteEvent& event) {
  Delivery delivery;
  for (Sink& sink : sinks_) {
    if (!sink.output.has_events) continue;
    ++delivery.takers;
    if (!sink.output.stream->write(line_for(sink, event), Stream::Room::half)) ++delivery.lost;
  }
  return delivery;
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
