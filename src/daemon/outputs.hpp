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
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sink/courier.hpp"
#include "dropwarden/sink/dispatcher.hpp"
#include "dropwarden/store/outbox.hpp"

#include "output_state.hpp"

namespace dropwarden::daemon {

// The configured outputs, opened: standard output, which is written to at once, and those to which couriers
// bring what the outbox holds. Loop's thread.
class Outputs {
 public:
  // Whether a finding is printed again for what is learned later.
  static bool has_revisions(const config::Output& output);

  // `on_told` as sink::Dispatcher has it; a finding that the outbox has taken and stored is told. `store` may
  // be null. `privilege` is for what outputs read, and has to outlive this.
  Outputs(const std::vector<config::Output>& outputs, privilege::Privilege& privilege, store::Store* store,
          sink::Dispatcher::OnTold on_told);
  ~Outputs();
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

  // From now on these. One that is as it was goes on, save that what it has read (certificates, headers) is
  // read again; the others are closed, and those that get what they lack from the store wait for nothing.
  void open(const std::vector<config::Output>& outputs);
  // Files were renamed.
  void reopen();
  monitor::Monitor::Delivery deliver(const model::Finding& finding);
  monitor::Monitor::Delivery deliver(const model::WriteEvent& event);
  // As sink::Dispatcher. `is_first`: nobody was told of the finding before.
  bool deliver_native(const std::string& id, unsigned revision, bool is_first, const std::string& record);
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
  struct Open {
    config::Output settings;
    std::unique_ptr<sink::Courier> courier;
  };
  void open_streams(const std::vector<config::Output>& outputs);
  void add_courier(const config::Output& output);
  void end_couriers_except(const std::vector<config::Output>& outputs);
  void finish_couriers();
  store::Outbox::Added post(const model::Finding& finding, std::string& native);

  const sink::Dispatcher::OnTold on_told_;
  privilege::Privilege& privilege_;
  store::Outbox outbox_;
  std::vector<config::Output> streams_;
  std::unique_ptr<sink::Dispatcher> dispatcher_;
  std::map<std::string, Encoding> encodings_;
  std::map<std::string, Open> couriers_;  // by the name of the output
};

}  // namespace dropwarden::daemon
