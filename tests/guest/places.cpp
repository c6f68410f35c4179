// SPDX-License-Identifier: Apache-2.0
#include "places.hpp"

#include <exception>
#include <iostream>
#include <utility>

#include "support/daemon.hpp"

namespace dropwarden::test {
namespace {

constexpr const char* slice = "dropwarden-test.slice";

class InHardenedUnit final : public PlacedMonitor {
 public:
  InHardenedUnit(const std::string& directory, const RuntimeSocket& containerd)
      : PlacedMonitor(directory, {containerd}) {
    std::string capabilities;
    for (const auto& name : needed_capabilities) capabilities += "CAP_" + name + " ";
    require_command(
        with({"systemd-run", "--quiet", "--collect", "--unit=" + unit_, "--service-type=exec",
              "--property=CapabilityBoundingSet=" + capabilities, "--property=NoNewPrivileges=yes",
              "--property=StandardOutput=append:" + findings_file(),
              "--property=StandardError=append:" + log_file()},
             with(sandbox(), {dropwarden_binary(), "run", "--config", configuration_file()})));
    wait_until_ready();
  }

  ~InHardenedUnit() override {
    const auto stopped = run_command({"systemctl", "stop", unit_});
    if (!stopped.status.is_success()) std::cerr << "the monitor's unit: " << stopped.error << '\n';
  }

  CommandResult run(const std::vector<std::string>& arguments) override {
    return run_command(with(with({"systemd-run", "--quiet", "--collect", "--pipe", "--wait"}, sandbox()),
                            with({dropwarden_binary()}, arguments)));
  }

 private:
  // The test's directories are in /var/tmp, of which the unit has one of its own.
  std::vector<std::string> sandbox() const {
    std::vector<std::string> properties;
    for (const char* setting :
         {"PrivateTmp=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateDevices=yes",
          "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes",
          "ProtectControlGroups=yes", "ProtectClock=yes", "ProtectHostname=yes", "PrivateNetwork=yes",
          "RestrictAddressFamilies=AF_UNIX", "RestrictRealtime=yes", "RestrictSUIDSGID=yes",
          "MemoryDenyWriteExecute=yes", "LockPersonality=yes", "SystemCallArchitectures=native"}) {
      properties.push_back(std::string("--property=") + setting);
    }
    properties.push_back("--property=BindPaths=" + directory());
    for (const auto& socket : sockets()) properties.push_back("--property=BindReadOnlyPaths=" + socket.path);
    return properties;
  }

  std::string unit_ = "dropwarden-test.service";
};

}  // namespace

std::unique_ptr<PlacedMonitor> start_in_pod(const std::string& directory, const RuntimeSocket& containerd) {
  return test::start_in_pod({.directory = directory, .containerd = containerd, .cgroup = slice});
}

std::unique_ptr<PlacedMonitor> start_in_pod_without_host_pid(const std::string& directory,
                                                             const RuntimeSocket& containerd) {
  return test::start_in_pod(
      {.directory = directory, .containerd = containerd, .cgroup = slice, .is_in_host_pid_namespace = false});
}

std::unique_ptr<PlacedMonitor> start_in_hardened_unit(const std::string& directory,
                                                      const RuntimeSocket& containerd) {
  return std::make_unique<InHardenedUnit>(directory, containerd);
}

std::unique_ptr<PlacedMonitor> start_under_docker_default(const std::string& directory,
                                                          const RuntimeSocket& docker) {
  return start_in_docker(directory, docker);
}

}  // namespace dropwarden::test
