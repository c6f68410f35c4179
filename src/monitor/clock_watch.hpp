// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "dropwarden/util/time.hpp"

namespace dropwarden::monitor {

// Notices that the wall clock was set back: as soon as the loop has a turn, so that it is noticed, too, where
// the clock is soon put right again. Loop's thread only.
class ClockWatch {
 public:
  // By how much.
  using OnSetBack = std::function<void(std::chrono::nanoseconds)>;
  ClockWatch(boost::asio::io_context& loop, OnSetBack on_set_back);

  // To be called now and then as well: what the clock is adjusted by meanwhile is not to add up to a step.
  void look();
  void stop();

 private:
  void wait();

  const OnSetBack on_set_back_;
  util::WallTime booted_;
  boost::asio::posix::stream_descriptor set_;
};

}  // namespace dropwarden::monitor
