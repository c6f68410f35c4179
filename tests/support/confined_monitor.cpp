// SPDX-License-Identifier: Apache-2.0
#include "support/confined_monitor.hpp"

#include <exception>
#include <iostream>
#include <utility>

#include "support/cri_driver.hpp"
#include "support/monitor_image.hpp"

namespace dropwarden::test {
namespace {

class InPod final : public PlacedMonitor {
 public:
  explicit InPod(const MonitorPodSpec& spec)
      : PlacedMonitor(spec.directory, {spec.containerd}), driver_(spec.containerd.path, spec.cgroup) {
    const auto image = write_monitor_image(directory());
    const auto& socket = spec.containerd.path;
    require_command({"ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", "--no-unpack",
                     directory() + "/" + image.file_name});
    pod_ = driver_.run_pod("dropwarden", "security", spec.is_in_host_pid_namespace);
    container_ = driver_.run_container(pod_, {.name = "dropwarden",
                                              .image = image.name,
                                              .command = {"sh", "-c", shell_command()},
                                              .mounts = {{directory(), directory()}, {socket, socket, true}},
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

class InDocker final : public PlacedMonitor {
 public:
  InDocker(const std::string& directory, const RuntimeSocket& docker, const std::vector<std::string>& options)
      : PlacedMonitor(directory, {docker}), docker_{"docker", "--host", "unix://" + docker.path} {
    const auto image = write_monitor_image(directory);
    require_command(with(docker_, {"load", "--quiet", "--input", directory + "/" + image.file_name}));
    auto command = with(docker_, {"run", "--detach", "--name=" + name_, "--network=none", "--pid=host",
                                  "--read-only", "--cap-drop=ALL", "--volume=" + directory + ":" + directory,
                                  "--volume=" + docker.path + ":" + docker.path});
    for (const auto& name : needed_capabilities) command.push_back("--cap-add=" + name);
    command = with(with(std::move(command), options), {image.name, "sh", "-c", shell_command()});
    require_command(command);
    wait_until_ready();
  }

  ~InDocker() override {
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

std::unique_ptr<PlacedMonitor> start_in_pod(const MonitorPodSpec& spec) {
  return std::make_unique<InPod>(spec);
}

std::unique_ptr<PlacedMonitor> start_in_docker(const std::string& directory, const RuntimeSocket& docker,
                                               const std::vector<std::string>& options) {
  return std::make_unique<InDocker>(directory, docker, options);
}

}  // namespace dropwarden::test
