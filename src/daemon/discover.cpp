// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/discover.hpp"

#include "dropwarden/monitor/survey.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "containers_report.hpp"
#include "run_discovery.hpp"

namespace dropwarden::daemon {

std::string discover_containers(privilege::Privilege& privilege, const config::Config& config) {
  const auto snapshot = run_discovery(privilege, config.runtimes, Ended::left_out);
  return format_containers(*snapshot, monitor::survey_mounts(privilege, config.watch, snapshot), nullptr,
                           nullptr);
}

}  // namespace dropwarden::daemon
