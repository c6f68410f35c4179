// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sink/dispatcher.hpp"

#include <map>
#include <string>
#include <utility>

#include "dropwarden/sink/format.hpp"
#include "dropwarden/util/check.hpp"

namespace dropwarden::sink {
namespace {

std::string format(const model::Finding& finding, Format format) {
  switch (format) {
    case Format::native:
      return format_native(finding);
    case Format::text:
      return format_text(finding, false);
    case Format::colored_text:
      break;
  }
  return format_text(finding, true);
}

}  // namespace

Dispatcher::Dispatcher(std::vector<Output> outputs) : outputs_(std::move(outputs)) {
  for (const auto& output : outputs_) util::check(output.stream != nullptr, "an output has a stream");
}

std::size_t Dispatcher::deliver(const model::Finding& finding) const {
  std::map<Format, std::string> lines;
  std::size_t without_room = 0;
  for (const auto& output : outputs_) {
    auto& line = lines[output.format];
    if (line.empty()) line = format(finding, output.format);
    if (!output.stream->write(line)) ++without_room;
  }
  return without_room;
}

void Dispatcher::finish() const {
  for (const auto& output : outputs_) output.stream->finish();
}

std::uint64_t Dispatcher::lines_written() const {
  std::uint64_t sum = 0;
  for (const auto& output : outputs_) sum += output.stream->lines_written();
  return sum;
}

std::uint64_t Dispatcher::lines_lost() const {
  std::uint64_t sum = 0;
  for (const auto& output : outputs_) sum += output.stream->lines_lost();
  return sum;
}

}  // namespace dropwarden::sink
