// SPDX-License-Identifier: Apache-2.0
#include "support/placed_monitor.hpp"

#include <stdexcept>
#include <utility>

#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {

PlacedMonitor::PlacedMonitor(std::string directory, std::vector<RuntimeSocket> sockets)
    : directory_(std::move(directory)), sockets_(std::move(sockets)), findings_(directory_ + "/findings") {
  write_file(configuration_file(), make_configuration(directory_, sockets_));
  write_file(findings_file(), "");
  write_file(log_file(), "");
}

std::string PlacedMonitor::log() const {
  return read_file(log_file());
}

bool PlacedMonitor::wait_for_log(const std::string& text, std::chrono::milliseconds limit) const {
  return wait_for([&] { return log().find(text) != std::string::npos; }, limit);
}

std::string PlacedMonitor::ask(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--config", configuration_file()});
  const auto result = run(arguments);
  if (!result.status.is_success())
    throw std::runtime_error(arguments.front() + " ended with " + result.status.text() + ": " + result.error);
  return result.output;
}

std::string PlacedMonitor::shell_command() const {
  return "exec dropwarden run --config " + configuration_file() + " >>" + findings_file() + " 2>>" +
         log_file();
}

void PlacedMonitor::wait_until_ready() const {
  if (!wait_for_log("ready containers=", 30s)) throw std::runtime_error("dropwarden is not ready: " + log());
}

}  // namespace dropwarden::test
