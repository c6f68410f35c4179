// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/daemon/discover.hpp"

#include <memory>

#include <boost/asio/io_context.hpp>

#include "dropwarden/container/registry.hpp"
#include "dropwarden/monitor/survey.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "containers_report.hpp"
#include "sources.hpp"

namespace dropwarden::daemon {

std::string discover_containers(const config::Config& config) {
  const auto privilege = privilege::make_direct();
  boost::asio::io_context loop{1};
  container::Registry registry;
  Sources sources(loop, *privilege, config.runtimes, registry, [&loop] { loop.stop(); });
  sources.start();
  loop.run();
  sources.stop();
  return format_containers(*registry.snapshot(),
                           monitor::survey_mounts(*privilege, config.watch, registry.snapshot()), nullptr);
}

}  // namespace dropwarden::daemon
