// SPDX-License-Identifier: Apache-2.0
#include "service_manager.hpp"

#include <cstdint>
#include <cstdlib>
#include <ctime>

#include "dropwarden/util/text.hpp"

#ifdef DROPWARDEN_HAS_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

namespace dropwarden::daemon {
namespace {

void notify([[maybe_unused]] const std::string& state) {
#ifdef DROPWARDEN_HAS_LIBSYSTEMD
  static_cast<void>(::sd_notify(0, state.c_str()));
#endif
}

}  // namespace

void ServiceManager::ready(const std::string& status) const {
  notify("READY=1\nSTATUS=" + status);
}

void ServiceManager::status(const std::string& status) const {
  notify("STATUS=" + status);
}

// Type=notify-reload asks for the time.
void ServiceManager::reloading() const {
  struct timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000U + static_cast<std::uint64_t>(now.tv_nsec) / 1000U;
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void ServiceManager::stopping() const {
  notify("STOPPING=1");
}

void ServiceManager::alive() const {
  notify("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> ServiceManager::watchdog_interval() {
  const char* const text = std::getenv("WATCHDOG_USEC");
  if (text == nullptr || std::getenv("NOTIFY_SOCKET") == nullptr) return std::nullopt;
  const auto interval = util::parse_number<std::uint32_t>(text);
  if (!interval || *interval == 0) return std::nullopt;
  return std::chrono::microseconds{*interval};
}

void Heartbeat::start(std::chrono::microseconds pause) {
  if (is_well_()) ServiceManager{}.alive();
  timer_.expires_after(pause);
  timer_.async_wait([this, pause](const boost::system::error_code& cancelled) {
    if (!cancelled) start(pause);
  });
}

}  // namespace dropwarden::daemon
