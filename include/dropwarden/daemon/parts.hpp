// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "dropwarden/privilege/channel.hpp"
#include "dropwarden/privilege/privilege.hpp"
#include "dropwarden/sandbox/enter.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::daemon {

// What the part without privilege works with.
struct Surroundings {
  privilege::Privilege& privilege;
  // Null where privilege is in this very process.
  const privilege::Lanes* lanes = nullptr;
  sys::Fd control;             // listening on the control socket
  sys::Fd metrics;             // listening where metrics are asked for; none: nowhere
  std::uint32_t restarts = 0;  // how often the part died before
  // The other parts; none where there is one process.
  std::int32_t supervisor = 0;
  const std::atomic<std::int32_t>* marker = nullptr;
  // Asks the supervisor to read the configuration, which has changed, and to send SIGHUP then. Null where
  // there is one process.
  std::function<void()> ask_for_reload{};
  // To end with where the loop is stuck: whoever started this process may take it for a death of a part.
  int stuck_status = 1;
};

struct PartsOptions {
  std::optional<std::filesystem::path> config_file;  // as RunOptions
  // For `run`: holds the instance lock, listens on the control socket, prepares the store, and starts a part
  // again that has died. Else the parts end with the first that does.
  bool is_service = false;
  sandbox::Enforcement sandbox = sandbox::Enforcement::enforce;
};

// Runs `monitor` in a process without privilege, whose requests are done by another, the marker; the calling
// process, which has one thread, supervises both, forwards SIGTERM, SIGINT and SIGHUP to `monitor`, and
// returns its exit status (ARCHITECTURE.md, “Two processes”). What `monitor` throws is printed on standard
// error: 2 for config::ConfigError, else 1. Without CAP_SYS_ADMIN all of it happens here, and the kernel says
// what is missing.
int run_parts(const PartsOptions& options, const std::function<int(Surroundings&)>& monitor);

}  // namespace dropwarden::daemon
