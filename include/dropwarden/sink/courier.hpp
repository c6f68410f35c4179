// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dropwarden/model/message.hpp"
#include "dropwarden/sink/destination.hpp"

namespace dropwarden::sink {

// Where a courier gets its messages. `take` gives the next ones, at most `max`, waiting for one until then;
// they stay until they are confirmed up to a number.
struct Mail {
  using Deadline = std::chrono::steady_clock::time_point;
  std::function<std::vector<model::SharedMessage>(std::size_t max, std::size_t max_bytes, Deadline until)>
      take;
  std::function<void(std::uint64_t number, bool is_refused)> confirm;
};

// How long it is waited after a failure: twice as long after each, up to a maximum, and a random part of it
// less, so that the nodes of a cluster do not come back in one moment.
struct Backoff {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{std::chrono::minutes{1}};
};
// `random` is from 0 to 1. Pure.
std::chrono::milliseconds pause_after(std::size_t failures, const Backoff& backoff, double random);

struct CourierState {
  std::string problem;         // why it does not get on; empty: it does
  std::size_t failures = 0;    // in a row
  std::uint64_t attempts = 0;  // that failed, in all
};

// Brings messages to one destination, from a thread of its own, each until it was taken or refused for ever:
// at least once, in their order. A destination that is slow or dead costs nothing but itself.
class Courier {
 public:
  struct Report {
    bool is_degraded = true;  // false: what was reported before is over
    std::string text;
  };
  // `on_report` is called from the courier's thread, once for each time that it begins or ends to fail, and
  // for what is refused.
  Courier(Mail mail, std::unique_ptr<Destination> destination, Backoff backoff,
          std::function<void(const Report&)> on_report);
  // As `finish`, without time.
  ~Courier();
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  // Says that `finish` comes: nothing is waited for any more. Any thread.
  void begin_to_finish();
  // Brings what is there as long as it is taken without a failure, until `deadline` at most, and ends the
  // thread. `Mail::take` has to return soon after that. One thread, once or more.
  void finish(std::chrono::steady_clock::time_point deadline);
  // Has the destination opened anew, within a second where nothing else is to be done. Any thread.
  void reopen();
  // Any thread.
  CourierState state() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace dropwarden::sink
