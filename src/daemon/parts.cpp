// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/parts.hpp"

#include <spdlog/spdlog.h>

#include "dropwarden/config/config.hpp"
#include "dropwarden/control/instance_lock.hpp"
#include "dropwarden/control/server.hpp"
#include "dropwarden/monitor/advice.hpp"
#include "dropwarden/sys/tcp_socket.hpp"

#include "grants.hpp"
#include "load_config.hpp"
#include "log.hpp"
#include "monitor_process.hpp"
#include "supervisor.hpp"

namespace dropwarden::daemon {
namespace {

// The sandbox lets nobody open a socket of this kind.
sys::Fd open_metrics_listener(const std::string& address) {
  constexpr int backlog = 64;
  return address.empty() ? sys::Fd{} : sys::value_or_throw(sys::listen_tcp(address, backlog));
}

int run_in_one(const PartsOptions& options, const std::string& configuration,
               const std::function<int(Surroundings&)>& monitor) {
  const auto direct = privilege::make_direct({.configuration = configuration});
  Surroundings surroundings{.privilege = *direct, .lanes = nullptr, .control = {}, .metrics = {}};
  if (!options.is_service) return run_caught(surroundings, monitor);
  return run_caught(surroundings, [&](Surroundings& here) {
    const auto config =
        read_config_file(open_config(*direct), configuration, options.config_file.has_value());
    const control::InstanceLock lock(config.control.socket);
    here.control = control::open_listener(lock);
    here.metrics = open_metrics_listener(config.metrics.listen);
    const int status = monitor(here);
    control::remove_listener(lock);
    return status;
  });
}

int supervise(const PartsOptions& options, const std::string& configuration, privilege::Grants grants,
              const std::function<int(Surroundings&)>& monitor) {
  if (!options.is_service) return Supervisor(options, configuration, std::move(grants), monitor, {}).run();
  const control::InstanceLock lock(grants.control_socket);
  const sys::Fd listener = control::open_listener(lock);
  const sys::Fd metrics = open_metrics_listener(grants.metrics);
  const int status = Supervisor(options, configuration, std::move(grants), monitor,
                                {.control = listener.number(), .metrics = metrics.number()})
                         .run();
  control::remove_listener(lock);
  return status;
}

}  // namespace

int run_parts(const PartsOptions& options, const std::function<int(Surroundings&)>& monitor) {
  const std::string configuration = config_path(options.config_file);
  open_log(config::LogLevel::info);
  try {
    if (!has_privilege()) return run_in_one(options, configuration, monitor);
    const User user = find_monitor_user();
    auto grants = read_grants(configuration, options.config_file.has_value(), user, Complaints::printed);
    if (!grants) return 2;
    return supervise(options, configuration, std::move(*grants), monitor);
  } catch (const control::InstanceHeld& error) {
    spdlog::critical("cannot start: {}", error.what());
  } catch (const sys::SystemError& error) {
    spdlog::critical("cannot start: {}", monitor::explain(error.error()));
  }
  return 1;
}

}  // namespace dropwarden::daemon
