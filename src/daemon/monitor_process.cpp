// SPDX-License-Identifier: Apache-2.0
#include "monitor_process.hpp"

#include <csignal>
#include <cstdio>
#include <iostream>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "dropwarden/config/config.hpp"
#include "dropwarden/monitor/advice.hpp"
#include "dropwarden/privilege/link.hpp"
#include "dropwarden/sys/output.hpp"

#include "confine.hpp"

// Owns the link to the supervisor, in a thread of its own: what comes there must not wait for a loop that
// waits for the marker.
namespace dropwarden::daemon {
namespace {

using privilege::LinkKind;

void tell(int link, LinkKind kind) {
  // A supervisor that cannot take it is gone, which `follow` notices.
  static_cast<void>(privilege::send_link(link, {.kind = kind, .number = 0, .grants = {}, .lanes = {}}));
}

void follow(int link, privilege::Lanes& lanes, std::atomic<pid_t>& marker) {
  sys::block_signals();
  while (auto message = privilege::receive_link(link)) {
    if (message->kind == LinkKind::lanes) {
      marker = message->number;
      lanes.replace(std::move(message->lanes));
    }
    if (message->kind == LinkKind::signal) ::kill(::getpid(), message->number);
  }
  // Without a supervisor nobody would notice the end of either part.
  std::fputs("dropwarden: the supervisor is gone\n", stderr);
  ::_exit(1);
}

// A pipe or a terminal is somebody else's, and cannot be opened once more by another user: so before. Nobody
// shares this description, and to have it non-blocking harms nobody (sink::LineWriter).
void take_own_output() {
  const auto twin = sys::reopen_nonblocking(STDOUT_FILENO);
  if (twin) ::dup2(twin->number(), STDOUT_FILENO);
}

}  // namespace

int run_caught(Surroundings& surroundings, const std::function<int(Surroundings&)>& monitor) {
  try {
    return monitor(surroundings);
  } catch (const config::ConfigError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dropwarden: %s\n", error.what());
  }
  return 1;
}

void run_monitor(MonitorBirth birth, const std::function<int(Surroundings&)>& monitor) {
  ::prctl(PR_SET_NAME, "dw-monitor");
  if (birth.is_service) take_own_output();
  for (const std::string& problem : become_monitor(birth.user, birth.supervisor))
    spdlog::warn("the monitor has more privilege than it needs: {}", problem);
  int status = 1;
  try {
    confine_monitor(birth.sandbox, birth.grants);
    const int link = birth.link.number();
    privilege::Lanes lanes(std::move(birth.lanes), {}, [link] { tell(link, LinkKind::stuck); });
    std::atomic<pid_t> marker{birth.marker};
    std::thread([&, link] { follow(link, lanes, marker); }).detach();
    const auto remote = privilege::make_remote(lanes);
    Surroundings surroundings{.privilege = *remote,
                              .lanes = &lanes,
                              .control = std::move(birth.control),
                              .metrics = std::move(birth.metrics),
                              .restarts = birth.restarts,
                              .supervisor = birth.supervisor,
                              .marker = &marker,
                              .ask_for_reload = [link] { tell(link, LinkKind::configuration); },
                              .stuck_status = birth.is_service ? monitor_stuck : 1};
    status = run_caught(surroundings, monitor);
    // What was printed here the supervisor knows nothing of.
    if (!sys::has_printed(std::cout, std::cerr)) status = 1;
    // The thread of the link uses what is here.
    std::fflush(nullptr);
    ::_exit(status);
  } catch (const sys::SystemError& error) {
    spdlog::critical("cannot start: {}", monitor::explain(error.error()));
  } catch (const std::exception& error) {
    spdlog::critical("cannot start: {}", error.what());
  }
  ::_exit(1);
}

}  // namespace dropwarden::daemon
