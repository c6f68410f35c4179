// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/monitor/monitor.hpp"
#include "dropwarden/sink/dispatcher.hpp"

namespace dropwarden::daemon {

// The configured outputs, opened.
class Outputs {
 public:
  // Whether a finding is printed again for what is learned later.
  static bool has_revisions(const config::Output& output);

  // `on_told` as sink::Dispatcher has it.
  Outputs(const std::vector<config::Output>& outputs, sink::Dispatcher::OnTold on_told)
      : on_told_(std::move(on_told)) {
    open(outputs);
  }

  // Closes those that are open, once they have written what they hold, and opens `outputs`.
  void open(const std::vector<config::Output>& outputs);
  monitor::Monitor::Delivery deliver(const model::Finding& finding);
  monitor::Monitor::Delivery deliver(const model::WriteEvent& event);
  // As sink::Dispatcher.
  bool deliver_native(const std::string& id, unsigned revision, const std::string& record) {
    return dispatcher_->deliver_native(id, revision, record);
  }
  // Writes what is queued, at most 2 s an output. How many lines were accepted and could not be written.
  std::uint64_t finish();

 private:
  const sink::Dispatcher::OnTold on_told_;
  std::size_t count_ = 0;
  std::unique_ptr<sink::Dispatcher> dispatcher_;
};

}  // namespace dropwarden::daemon
