// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

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

}  // namespace dropwarden::daemon
