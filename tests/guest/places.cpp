// SPDX-License-Identifier: Apache-2.0
#include "places.hpp"

#include <exception>
#include <iostream>
#include <utility>

#include "monitor_image.hpp"
#include "support/cri_driver.hpp"
#include "support/daemon.hpp"

namespace dropwarden::test {
namespace {

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class InPod final : public PlacedMonitor {
 public:
  InPod(const std::string& directory, const RuntimeSocket& containerd, bool is_in_host_pid_namespace)
      : PlacedMonitor(directory, {containerd}), driver_(containerd.path, "dropwarden-test.slice") {
    const auto image = write_monitor_image(directory);
    require_command({"ctr", "--address", containerd.path, "--namespace", "k8s.io", "images", "import",
                     "--no-unpack", directory + "/" + image.file_name});
    pod_ = driver_.run_pod("dropwarden", "security", is_in_host_pid_namespace);
    const std::string script = "exec dropwarden run --config " + configuration_file() + " >>" +
                               findings_file() + " 2>>" + log_file();
    container_ = driver_.run_container(
        pod_, {.name = "dropwarden",
               .image = image.name,
               .command = {"sh", "-c", script},
               .mounts = {{directory, directory}, {containerd.path, containerd.path, true}},
               .security = CriSecurity{.capabilities = needed_capabilities,
                                       .has_read_only_root = true,
                                       .is_apparmor_unconfined = true}});
    wait_until_ready();
  }

  ~InPod() override {
    try {
      driver_.stop_container(container_, std::chrono::seconds(10));
      driver_.remove_pod(pod_);
    } catch (const std::exception& error) {
      std::cerr << "the monitor's pod is left behind: " << error.what() << '\n';
    }
  }

  CommandResult run(const std::vector<std::string>& arguments) override {
    auto result = driver_.execute(container_, with({"dropwarden"}, arguments));
    return {{.by_signal = false, .value = result.exit_code}, result.output, result.error};
  }

 private:
  CriDriver driver_;
  CriPod pod_;
  std::string container_;
};

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

class UnderDockerDefault final : public PlacedMonitor {
 public:
  UnderDockerDefault(const std::string& directory, const RuntimeSocket& docker)
      : PlacedMonitor(directory, {docker}), docker_{"docker", "--host", "unix://" + docker.path} {
    const auto image = write_monitor_image(directory);
    require_command(with(docker_, {"load", "--quiet", "--input", directory + "/" + image.file_name}));
    auto command = with(
        docker_, {"run", "--detach", "--name=" + name_, "--network=none", "--pid=host", "--cap-drop=ALL",
                  "--volume=" + directory + ":" + directory, "--volume=" + docker.path + ":" + docker.path});
    for (const auto& name : needed_capabilities) command.push_back("--cap-add=" + name);
    const std::string script = "exec dropwarden run --config " + configuration_file() + " >>" +
                               findings_file() + " 2>>" + log_file();
    require_command(with(command, {image.name, "sh", "-c", script}));
    wait_until_ready();
  }

  ~UnderDockerDefault() override {
    const auto removed = run_command(with(docker_, {"rm", "--force", name_}));
    if (!removed.status.is_success()) std::cerr << "the monitor's container: " << removed.error << '\n';
  }

  CommandResult run(const std::vector<std::string>& arguments) override {
    return run_command(with(with(docker_, {"exec", name_, "dropwarden"}), arguments));
  }

 private:
  std::vector<std::string> docker_;
  std::string name_ = "dropwarden";
};

}  // namespace

std::unique_ptr<PlacedMonitor> start_in_pod(const std::string& directory, const RuntimeSocket& containerd) {
  return std::make_unique<InPod>(directory, containerd, true);
}

std::unique_ptr<PlacedMonitor> start_in_pod_without_host_pid(const std::string& directory,
                                                             const RuntimeSocket& containerd) {
  return std::make_unique<InPod>(directory, containerd, false);
}

std::unique_ptr<PlacedMonitor> start_in_hardened_unit(const std::string& directory,
                                                      const RuntimeSocket& containerd) {
  return std::make_unique<InHardenedUnit>(directory, containerd);
}

std::unique_ptr<PlacedMonitor> start_under_docker_default(const std::string& directory,
                                                          const RuntimeSocket& docker) {
  return std::make_unique<UnderDockerDefault>(directory, docker);
}

}  // namespace dropwarden::test
