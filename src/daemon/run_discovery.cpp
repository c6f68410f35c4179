// SPDX-License-Identifier: Apache-2.0
#include "run_discovery.hpp"

#include <boost/asio/io_context.hpp>

namespace dropwarden::daemon {

std::shared_ptr<const container::Snapshot> run_discovery(privilege::Privilege& privilege,
                                                         const config::Runtimes& runtimes, Ended ended) {
  boost::asio::io_context loop{1};
  container::Registry registry;
  Sources sources(loop, privilege, runtimes, registry, [&loop] { loop.stop(); }, ended);
  sources.start();
  loop.run();
  sources.stop();
  return registry.snapshot();
}

}  // namespace dropwarden::daemon
