// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace dropwarden::daemon {

// What systemd is told (sd_notify(3)): nothing where NOTIFY_SOCKET is not set, or without libsystemd at build
// time. Never waits. One thread.
class ServiceManager {
 public:
  void ready(const std::string& status) const;
  void status(const std::string& status) const;
  void reloading() const;  // then `ready`
  void stopping() const;
  void alive() const;

  // How often `alive` is expected, WATCHDOG_USEC (sd_watchdog_enabled(3)); nothing: never. WATCHDOG_PID is
  // not looked at: it is that of the process that the unit started, whose child this may be.
  static std::optional<std::chrono::microseconds> watchdog_interval();
};

// Tells the service manager again and again that the daemon is alive: from the loop, so that one that does
// not turn tells nothing, and only while `is_well`. Loop's thread only.
class Heartbeat {
 public:
  Heartbeat(boost::asio::io_context& loop, std::function<bool()> is_well)
      : timer_(loop), is_well_(std::move(is_well)) {}
  // At once, and then each `pause`.
  void start(std::chrono::microseconds pause);
  void stop() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
  std::function<bool()> is_well_;
};

}  // namespace dropwarden::daemon
