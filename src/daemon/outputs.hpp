// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dropwarden/config/config.hpp"
#include "dropwarden/monitor/monitor.hpp"
#include "dropwarden/sink/dispatcher.hpp"

namespace dropwarden::daemon {

// The configured outputs, opened.
class Outputs {
 public:
  // `format` stands in for the configured format of standard output.
  Outputs(const std::vector<config::Output>& outputs, std::optional<config::Format> format) {
    open(outputs, format);
  }

  // Closes those that are open, once they have written what they hold, and opens `outputs`.
  void open(const std::vector<config::Output>& outputs, std::optional<config::Format> format);
  monitor::Monitor::Delivery deliver(const model::Finding& finding);
  // Writes what is queued, at most 2 s an output. How many lines were accepted and could not be written.
  std::uint64_t finish();

 private:
  std::size_t count_ = 0;
  std::unique_ptr<sink::Dispatcher> dispatcher_;
};

}  // namespace dropwarden::daemon
