// SPDX-License-Identifier: Apache-2.0
#include "outputs.hpp"

#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "dropwarden/daemon/output_format.hpp"
#include "dropwarden/sys/output.hpp"

namespace dropwarden::daemon {
namespace {

sink::Format to_sink(const config::Output& output) {
  return format_of(output, sys::terminal_columns(STDOUT_FILENO).has_value());
}

sink::Output open_output(const config::Output& output) {
  const auto on_error = [](const std::string& what) { spdlog::error("output stdout: {}", what); };
  sink::Output opened{.format = to_sink(output),
                      .has_revisions = Outputs::has_revisions(output),
                      .stream = std::make_unique<sink::Stream>(STDOUT_FILENO, output.queue, on_error),
                      .has_events = output.events == config::Events::magic_write};
  if (const auto columns = sys::terminal_columns(STDOUT_FILENO)) {
    opened.is_colored = sys::is_color_wanted();
    opened.read_columns = [columns] { return sys::terminal_columns(STDOUT_FILENO).value_or(*columns); };
  }
  return opened;
}

}  // namespace

bool Outputs::has_revisions(const config::Output& output) {
  switch (output.revisions) {
    case config::Revisions::all:
      return true;
    case config::Revisions::first:
      return false;
    case config::Revisions::by_format:
      break;
  }
  return sink::has_revisions(to_sink(output));
}

void Outputs::open(const std::vector<config::Output>& outputs) {
  dispatcher_.reset();
  std::vector<sink::Output> opened;
  for (const config::Output& output : outputs) opened.push_back(open_output(output));
  count_ = opened.size();
  dispatcher_ = std::make_unique<sink::Dispatcher>(std::move(opened), on_told_);
}

monitor::Monitor::Delivery Outputs::deliver(const model::Finding& finding) {
  return {.outputs = count_, .lost = dispatcher_->deliver(finding)};
}

monitor::Monitor::Delivery Outputs::deliver(const model::WriteEvent& event) {
  return {.outputs = count_, .lost = dispatcher_->deliver(event)};
}

std::uint64_t Outputs::finish() {
  dispatcher_->finish();
  return dispatcher_->lines_lost();
}

}  // namespace dropwarden::daemon
