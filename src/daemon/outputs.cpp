// SPDX-License-Identifier: Apache-2.0
#include "outputs.hpp"

#include <chrono>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "dropwarden/daemon/output_format.hpp"
#include "dropwarden/sink/journal_entry.hpp"
#include "dropwarden/sys/output.hpp"

#include "destinations.hpp"

namespace dropwarden::daemon {
namespace {

sink::Format to_sink(const config::Output& output) {
  // People read the journal, too.
  if (output.type == config::OutputType::journald) return format_of(output, true);
  const bool is_stdout = output.type == config::OutputType::standard_output;
  return format_of(output, is_stdout && sys::terminal_columns(STDOUT_FILENO).has_value());
}

std::string encoding_of(const config::Output& output) {
  std::string name = sink::name_of(to_sink(output));
  return output.type == config::OutputType::journald ? "journald/" + name : name;
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

Outputs::Outputs(const std::vector<config::Output>& outputs, store::Store* store,
                 sink::Dispatcher::OnTold on_told)
    : on_told_(std::move(on_told)),
      has_store_(store != nullptr),
      outbox_(store, [](const std::string& text) { spdlog::error("{}", text); }) {
  open(outputs);
}

Outputs::~Outputs() {
  finish_couriers();
}

void Outputs::open(const std::vector<config::Output>& outputs) {
  finish_couriers();
  dispatcher_.reset();
  std::vector<sink::Output> streams;
  std::vector<store::MailboxSettings> mailboxes;
  encodings_.clear();
  for (const config::Output& output : outputs) {
    if (output.type == config::OutputType::standard_output) {
      streams.push_back(open_output(output));
      continue;
    }
    const bool is_of_the_journal = output.type == config::OutputType::journald;
    encodings_[encoding_of(output)] = {.format = to_sink(output), .is_of_the_journal = is_of_the_journal};
    mailboxes.push_back({.name = effective_name(output),
                         .encoding = encoding_of(output),
                         .has_revisions = has_revisions(output),
                         .queue = output.queue});
  }
  streams_ = streams.size();
  dispatcher_ = std::make_unique<sink::Dispatcher>(std::move(streams), on_told_);
  outbox_.open(std::move(mailboxes));
  for (const config::Output& output : outputs) {
    if (output.type != config::OutputType::standard_output) add_courier(output);
  }
}

void Outputs::add_courier(const config::Output& output) {
  const std::string name = effective_name(output);
  sink::Mail mail{
      .take = [this, name](std::size_t max, std::size_t max_bytes,
                           sink::Mail::Deadline until) { return outbox_.take(name, max, max_bytes, until); },
      .confirm =
          [this, name](std::uint64_t number, bool is_refused) {
            outbox_.confirm(name, number,
                            is_refused ? store::Outbox::Outcome::refused : store::Outbox::Outcome::delivered);
          }};
  couriers_[name] = std::make_unique<sink::Courier>(
      std::move(mail), open_destination(output, to_sink(output)), sink::Backoff{.longest = output.retry_max},
      [name](const sink::Courier::Report& report) {
        spdlog::log(report.is_degraded ? spdlog::level::err : spdlog::level::info, "output {}: {}", name,
                    report.text);
      });
}

// All at once, so that together they take no longer than one.
void Outputs::finish_couriers() {
  constexpr std::chrono::seconds limit{2};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (const auto& [name, courier] : couriers_) courier->begin_to_finish();
  outbox_.wake();
  for (const auto& [name, courier] : couriers_) courier->finish(deadline);
  couriers_.clear();
}

void Outputs::reopen() {
  for (const auto& [name, courier] : couriers_) courier->reopen();
}

store::Outbox::Added Outputs::post(const model::Finding& finding) {
  store::Outbox::Added all;
  for (const auto& [name, encoding] : encodings_) {
    const auto added =
        outbox_.add({.encoding = name,
                     .id = finding.id,
                     .revision = finding.revision,
                     .severity = finding.decision.severity,
                     .time = finding.event.time,
                     .body = encoding.is_of_the_journal ? sink::format_journal(finding, encoding.format)
                                                        : sink::format_line(encoding.format, finding, {})});
    all.takers += added.takers;
    all.lost += added.lost;
  }
  return all;
}

monitor::Monitor::Delivery Outputs::deliver(const model::Finding& finding) {
  const auto added = post(finding);
  if (added.takers > 0) on_told_(finding.id, finding.revision, true);
  const std::size_t lost = dispatcher_->deliver(finding, added.takers > 0);
  return {.outputs = streams_ + couriers_.size(), .lost = lost + added.lost};
}

monitor::Monitor::Delivery Outputs::deliver(const model::WriteEvent& event) {
  return {.outputs = streams_, .lost = dispatcher_->deliver(event)};
}

bool Outputs::deliver_native(const std::string& id, unsigned revision, const std::string& record) {
  bool is_taken = dispatcher_->deliver_native(id, revision, record);
  const auto added = outbox_.add({.encoding = sink::name_of(sink::Format::native),
                                  .id = id,
                                  .revision = revision,
                                  .severity = model::Severity::medium,
                                  .time = std::chrono::system_clock::now(),
                                  .body = record});
  if (added.takers > 0) on_told_(id, revision, true);
  return is_taken || added.takers > 0;
}

std::uint64_t Outputs::finish() {
  finish_couriers();
  dispatcher_->finish();
  std::uint64_t lost = dispatcher_->lines_lost();
  for (const store::MailboxState& state : outbox_.states()) lost += has_store_ ? 0 : state.waiting;
  return lost;
}

std::vector<OutputState> Outputs::states() const {
  std::vector<OutputState> states;
  for (store::MailboxState& mailbox : outbox_.states()) {
    const auto courier = couriers_.find(mailbox.name);
    if (courier == couriers_.end()) continue;
    states.push_back({.mailbox = std::move(mailbox), .courier = courier->second->state()});
  }
  return states;
}

}  // namespace dropwarden::daemon
