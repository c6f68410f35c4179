// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dropwarden/config/config.hpp"
#include "dropwarden/monitor/vital_signs.hpp"

#include "canary.hpp"

namespace dropwarden::monitor {

// Looks once a second whether everything gets on: the threads, the queue of the group, the canary. Says in
// the log what changes, and has it repaired. Whether the loop itself gets on, others see. Loop's thread only.
class Vitals {
 public:
  struct Queue {
    std::size_t bytes = 0;    // that wait in the kernel
    std::uint64_t reads = 0;  // turns of reading so far
  };
  struct Handlers {
    // Looks at each part that has a thread, and replaces those that were stuck `limit` times in a row. What
    // they are at, and in `replaced` whether some was.
    std::function<std::vector<Liveness>(unsigned limit, bool& replaced)> check_parts;
    std::function<Queue()> queue;
    std::function<void()> read_queue;       // it is not read by itself
    std::function<void()> on_stalled;       // something may have been missed, anywhere
    std::function<std::size_t()> desynced;  // mounts
  };
  Vitals(boost::asio::io_context& loop, Canary& canary, const config::Watch& settings, Handlers handlers);

  void reconfigure(const config::Watch& settings) { settings_ = settings; }
  void start();
  void stop() { timer_.cancel(); }
  // The canary has come back.
  void on_canary();
  // Something was lost, which degrades for a minute.
  void on_loss(const std::string& what);

  const VitalSigns& signs();

 private:
  void arm();
  void look();
  void look_at_parts();
  void look_at_queue();
  void look_at_canary();
  void miss_canary();
  void write_canary();
  void set(std::string_view part, Condition condition, const std::string& text);
  void clear(std::string_view part);

  boost::asio::steady_timer timer_;
  Canary& canary_;
  config::Watch settings_;
  const Handlers handlers_;
  Health health_;
  VitalSigns signs_;
  std::uint64_t ticks_ = 0;
  std::uint64_t canary_written_ = 0;  // at which tick
  std::uint64_t last_reads_ = 0;
  unsigned unread_ = 0;
  std::uint64_t loss_until_ = 0;
};

}  // namespace dropwarden::monitor
