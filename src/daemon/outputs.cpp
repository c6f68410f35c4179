// SPDX-License-Identifier: Apache-2.0
#include "outputs.hpp"

#include <stdexcept>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

namespace dropwarden::daemon {
namespace {

// Colours and columns are for a person; whatever reads a pipe gets the whole finding.
sink::Format format_for_terminal() {
  return ::isatty(STDOUT_FILENO) != 0 ? sink::Format::colored_text : sink::Format::native;
}

sink::Format to_sink(config::Format format) {
  switch (format) {
    case config::Format::native:
      return sink::Format::native;
    case config::Format::text:
      return ::isatty(STDOUT_FILENO) != 0 ? sink::Format::colored_text : sink::Format::text;
    default:
      break;
  }
  throw std::logic_error("a format that the configuration must have refused");
}

}  // namespace

void Outputs::open(const std::vector<config::Output>& outputs, std::optional<config::Format> format) {
  dispatcher_.reset();
  std::vector<sink::Output> opened;
  for (const config::Output& output : outputs) {
    sink::Format chosen = output.has_format ? to_sink(output.format) : format_for_terminal();
    if (format) chosen = to_sink(*format);
    const auto on_error = [](const std::string& what) { spdlog::error("output stdout: {}", what); };
    opened.push_back({chosen, std::make_unique<sink::Stream>(STDOUT_FILENO, output.queue, on_error)});
  }
  count_ = opened.size();
  dispatcher_ = std::make_unique<sink::Dispatcher>(std::move(opened));
}

monitor::Monitor::Delivery Outputs::deliver(const model::Finding& finding) {
  return {.outputs = count_, .lost = dispatcher_->deliver(finding)};
}

std::uint64_t Outputs::finish() {
  dispatcher_->finish();
  return dispatcher_->lines_lost();
}

}  // namespace dropwarden::daemon
