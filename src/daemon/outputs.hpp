// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/monitor/monitor.hpp"
#include "dropwarden/sink/courier.hpp"
#include "dropwarden/sink/dispatcher.hpp"
#include "dropwarden/store/outbox.hpp"

namespace dropwarden::daemon {

// How one output does, of those that get their findings from the store.
struct OutputState {
  store::MailboxState mailbox;
  sink::CourierState courier;
};

// The configured outputs, opened: standard output, which is written to at once, and those to which couriers
// bring what the outbox holds. Loop's thread.
class Outputs {
 public:
  // Whether a finding is printed again for what is learned later.
  static bool has_revisions(const config::Output& output);

  // `on_told` as sink::Dispatcher has it; a finding that the outbox has taken is told. `store` may be null.
  Outputs(const std::vector<config::Output>& outputs, store::Store* store, sink::Dispatcher::OnTold on_told);
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  // Closes those that are open, once they have written what they hold, and opens `outputs`.
  void open(const std::vector<config::Output>& outputs);
  // Files were renamed.
  void reopen();
  monitor::Monitor::Delivery deliver(const model::Finding& finding);
  monitor::Monitor::Delivery deliver(const model::WriteEvent& event);
  // As sink::Dispatcher.
  bool deliver_native(const std::string& id, unsigned revision, const std::string& record);
  // Writes what is queued, at most 2 s an output. How many lines were accepted, could not be written, and are
  // not in the store.
  std::uint64_t finish();

  std::vector<OutputState> states() const;

 private:
  // In which form an output gets findings, and what is made of one.
  struct Encoding {
    sink::Format format = sink::Format::native;
    bool is_of_the_journal = false;
  };
  void add_courier(const config::Output& output);
  void finish_couriers();
  store::Outbox::Added post(const model::Finding& finding);

  const sink::Dispatcher::OnTold on_told_;
  const bool has_store_;
  store::Outbox outbox_;
  std::size_t streams_ = 0;
  std::unique_ptr<sink::Dispatcher> dispatcher_;
  std::map<std::string, Encoding> encodings_;
  std::map<std::string, std::unique_ptr<sink::Courier>> couriers_;  // by the name of the output
};

}  // namespace dropwarden::daemon
