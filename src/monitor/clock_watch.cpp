// SPDX-License-Identifier: Apache-2.0
#include "clock_watch.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "dropwarden/sys/clock.hpp"

// Owns a timer that never ends.
namespace dropwarden::monitor {
namespace {

// The wall clock is adjusted by less than that in the time between two looks (adjtimex(2)).
constexpr std::chrono::seconds tolerance{1};

}  // namespace

ClockWatch::ClockWatch(boost::asio::io_context& loop, OnSetBack on_set_back)
    : on_set_back_(std::move(on_set_back)), booted_(sys::read_boot_time()), set_(loop) {
  auto timer = sys::watch_wall_clock();
  if (!timer) {
    spdlog::debug("that the clock is set is noticed late: {}", timer.error().text());
    return;
  }
  set_.assign(timer->release());
  wait();
}

void ClockWatch::look() {
  const util::WallTime booted = sys::read_boot_time();
  const auto set_back = booted_ - booted;
  booted_ = booted;
  if (set_back > tolerance) on_set_back_(set_back);
}

void ClockWatch::stop() {
  if (set_.is_open()) set_.close();
}

void ClockWatch::wait() {
  set_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                  [this](const boost::system::error_code& cancelled) {
                    if (cancelled) return;
                    sys::take_clock_set(set_.native_handle());
                    look();
                    wait();
                  });
}

}  // namespace dropwarden::monitor
