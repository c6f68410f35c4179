// SPDX-License-Identifier: Apache-2.0
#include "outputs.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "dropwarden/daemon/output_format.hpp"
#include "dropwarden/sink/journal_entry.hpp"
#include "dropwarden/sys/output.hpp"

#include "destinations.hpp"

namespace dropwarden::daemon {
namespace {

bool is_stdout(const config::Output& output) {
  return output.type == config::OutputType::standard_output;
}

// These may change while the configuration does not.
bool reads_files(const config::Output& output) {
  return !output.ca_file.empty() || !output.certificate_file.empty() || !output.headers_file.empty();
}

sink::Format to_sink(const config::Output& output) {
  // People read the journal, too.
  if (output.type == config::OutputType::journald) return format_of(output, true);
  return format_of(output, is_stdout(output) && sys::terminal_columns(STDOUT_FILENO).has_value());
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

Outputs::Outputs(const std::vector<config::Output>& outputs, privilege::Privilege& privilege,
                 store::Store* store, sink::Dispatcher::OnTold on_told)
    : on_told_(std::move(on_told)),
      privilege_(privilege),
      outbox_(store, [](const std::string& text) { spdlog::error("{}", text); }) {
  open(outputs);
}

Outputs::~Outputs() {
  finish_couriers();
}

void Outputs::open(const std::vector<config::Output>& outputs) {
  end_couriers_except(outputs);
  open_streams(outputs);
  std::vector<store::MailboxSettings> mailboxes;
  encodings_.clear();
  for (const config::Output& output : outputs) {
    if (is_stdout(output)) continue;
    const bool is_of_the_journal = output.type == config::OutputType::journald;
    encodings_[encoding_of(output)] = {.format = to_sink(output), .is_of_the_journal = is_of_the_journal};
    mailboxes.push_back({.name = effective_name(output),
                         .encoding = encoding_of(output),
                         .has_revisions = has_revisions(output),
                         .queue = output.queue});
  }
  outbox_.open(std::move(mailboxes));
  for (const config::Output& output : outputs) {
    if (!is_stdout(output) && !couriers_.contains(effective_name(output))) add_courier(output);
  }
}

void Outputs::open_streams(const std::vector<config::Output>& outputs) {
  std::vector<config::Output> wanted;
  std::ranges::copy_if(outputs, std::back_inserter(wanted), is_stdout);
  if (dispatcher_ && wanted == streams_) return;
  dispatcher_.reset();
  std::vector<sink::Output> streams;
  for (const config::Output& output : wanted) streams.push_back(open_output(output));
  dispatcher_ = std::make_unique<sink::Dispatcher>(std::move(streams), on_told_);
  streams_ = std::move(wanted);
}

// What they hold stays in their mailboxes.
void Outputs::end_couriers_except(const std::vector<config::Output>& outputs) {
  const auto is_to_stay = [&](const Open& open) {
    return !reads_files(open.settings) && std::ranges::find(outputs, open.settings) != outputs.end();
  };
  for (const auto& [name, open] : couriers_)
    if (!is_to_stay(open)) open.courier->begin_to_finish();
  outbox_.wake();
  std::erase_if(couriers_, [&](const auto& entry) { return !is_to_stay(entry.second); });
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
  const auto log = [name](const sink::Courier::Report& report) {
    spdlog::log(report.is_degraded ? spdlog::level::err : spdlog::level::info, "output {}: {}", name,
                report.text);
  };
  couriers_[name] = {.settings = output,
                     .courier = std::make_unique<sink::Courier>(
                         std::move(mail), open_destination(output, to_sink(output), privilege_),
                         sink::Backoff{.longest = output.retry_max}, log)};
}

// All at once, so that together they take no longer than one.
void Outputs::finish_couriers() {
  constexpr std::chrono::seconds limit{2};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (const auto& [name, open] : couriers_) open.courier->begin_to_finish();
  outbox_.wake();
  for (const auto& [name, open] : couriers_) open.courier->finish(deadline);
  couriers_.clear();
}

void Outputs::reopen() {
  for (const auto& [name, open] : couriers_) open.courier->reopen();
}

// `native` is the record in that format, which is made once for all.
store::Outbox::Added Outputs::post(const model::Finding& finding, std::string& native) {
  store::Outbox::Added all;
  const auto format = [&](const Encoding& encoding) {
    if (encoding.is_of_the_journal) return sink::format_journal(finding, encoding.format);
    if (encoding.format != sink::Format::native) return sink::format_line(encoding.format, finding, {});
    if (native.empty()) native = sink::format_native(finding);
    return native;
  };
  for (const auto& [name, encoding] : encodings_) {
    const auto added = outbox_.add({.encoding = name,
                                    .id = finding.id,
                                    .revision = finding.revision,
                                    .is_first = finding.is_first(),
                                    .severity = finding.decision.severity,
                                    .time = finding.event.time,
                                    .body = format(encoding)});
    all.takers += added.takers;
    all.lost += added.lost;
    all.is_stored = all.is_stored && added.is_stored;
  }
  return all;
}

monitor::Monitor::Delivery Outputs::deliver(const model::Finding& finding) {
  std::string native;
  const auto added = post(finding, native);
  if (added.takers > 0 && added.is_stored)
    on_told_(
        {.id = finding.id, .revision = finding.revision, .is_first = finding.is_first(), .is_written = true});
  auto printed = dispatcher_->deliver(finding, added.takers > 0, std::move(native));
  return {.takers = printed.takers + added.takers + added.lost,
          .lost = printed.lost + added.lost,
          .native = std::move(printed.native)};
}

monitor::Monitor::Delivery Outputs::deliver(const model::WriteEvent& event) {
  const auto printed = dispatcher_->deliver(event);
  return {.takers = printed.takers, .lost = printed.lost};
}

bool Outputs::deliver_native(const std::string& id, unsigned revision, bool is_first,
                             const std::string& record) {
  const auto added = outbox_.add({.encoding = sink::name_of(sink::Format::native),
                                  .id = id,
                                  .revision = revision,
                                  .is_first = is_first,
                                  .severity = model::Severity::medium,
                                  .time = std::chrono::system_clock::now(),
                                  .body = record});
  const bool is_held = added.takers > 0;
  if (is_held && added.is_stored)
    on_told_({.id = id, .revision = revision, .is_first = is_first, .is_written = true});
  const bool is_printed = dispatcher_->deliver_native(id, revision, is_first, record, is_held);
  return is_printed || is_held;
}

std::uint64_t Outputs::finish() {
  finish_couriers();
  dispatcher_->finish();
  std::uint64_t lost = dispatcher_->lines_lost();
  for (const store::MailboxState& state : outbox_.states()) lost += state.unstored;
  return lost;
}

std::vector<OutputState> Outputs::states() const {
  std::vector<OutputState> states;
  for (const config::Output& output : streams_)
    states.push_back({.name = effective_name(output),
                      .type = name_of(output.type),
                      .format = sink::name_of(to_sink(output)),
                      .delivered = dispatcher_->lines_written(),
                      .lost = dispatcher_->lines_lost()});
  for (const store::MailboxState& mailbox : outbox_.states()) {
    const auto found = couriers_.find(mailbox.name);
    if (found == couriers_.end()) continue;
    const auto& [settings, courier] = found->second;
    const sink::CourierState state = courier->state();
    states.push_back({.name = mailbox.name,
                      .type = name_of(settings.type),
                      .format = sink::name_of(to_sink(settings)),
                      .delivered = mailbox.delivered,
                      .refused = mailbox.refused,
                      .lost = mailbox.lost,
                      .failures = state.attempts,
                      .pending = mailbox.pending,
                      .lag = mailbox.lag,
                      .problem = state.problem});
  }
  return states;
}

}  // namespace dropwarden::daemon
