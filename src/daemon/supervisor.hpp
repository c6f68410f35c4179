// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "dropwarden/daemon/parts.hpp"
#include "dropwarden/privilege/guard.hpp"
#include "dropwarden/privilege/link.hpp"

#include "demotion.hpp"

namespace dropwarden::daemon {

// When a part that has died is started again: at once, then after 0.1 s, 0.2 s, … 30 s; at once again after
// it has lived for a minute. Pure.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;
  // A part that was started at `started` died at `now`: when to start the next one.
  Clock::time_point next(Clock::time_point started, Clock::time_point now);

 private:
  std::chrono::milliseconds pause_{0};
};

// Starts the marker and the monitor as children of this process, and notices, says and repairs it when one of
// them dies. Reads nothing that a container wrote. The calling process has one thread; SIGCHLD and the
// signals that are forwarded are blocked while the object lives.
class Supervisor {
 public:
  using Monitor = std::function<int(Surroundings&)>;
  // Listening sockets that each monitor is handed; -1: none. They outlive this.
  struct Listeners {
    int control = -1;
    int metrics = -1;
  };

  Supervisor(const PartsOptions& options, std::string configuration, privilege::Grants grants,
             const Monitor& monitor, Listeners listeners);
  ~Supervisor();

  // Until the monitor has ended: its exit status.
  int run();

 private:
  using Clock = Backoff::Clock;
  struct Part {
    pid_t pid = -1;  // none: it is not running
    Clock::time_point started;
    std::optional<Clock::time_point> due;  // when it is to be started again
    Backoff backoff;
  };

  // Directories and files of store and outputs to the monitor's user.
  void give_files() const;
  void start_marker();
  void start_monitor();
  void start_due();
  int wait_time() const;
  void take_signals();
  void on_signal(int signal);
  void reload();
  void reap();
  void on_marker_end(int status);
  void on_monitor_end(int status);
  void tell(const privilege::LinkMessage& message);
  void take_link();
  void give_up_link(const sys::Error& error);
  void end_marker();
  pid_t fork_part();
  void introduce_monitor();
  [[noreturn]] void be_marker(std::vector<sys::Fd> lanes, sys::Fd introduction);
  [[noreturn]] void be_monitor(sys::Fd link, std::vector<sys::Fd> lanes);

  const PartsOptions& options_;
  const std::string configuration_;
  privilege::Grants grants_;
  const Monitor& monitor_main_;
  const Listeners listeners_;
  const User user_ = find_monitor_user();
  const pid_t self_;
  sigset_t blocked_{};
  sigset_t before_{};
  sys::Fd signals_;
  sys::Fd link_;                        // to the monitor
  std::vector<sys::Fd> waiting_lanes_;  // to the marker, for a monitor that is not there yet
  sys::Fd introduction_;                // to a marker that knows of no monitor yet
  Part marker_;
  Part monitor_;
  std::uint32_t restarts_ = 0;
  bool is_stopping_ = false;
  std::optional<int> status_;
};

}  // namespace dropwarden::daemon
