// SPDX-License-Identifier: Apache-2.0
#include "support/command.hpp"
#include "support/docker_like.hpp"
#include "support/file.hpp"

namespace dropwarden::test {

namespace {

std::string storage_driver(const RuntimePlace& place) {
  if (place.has_plain_roots) return "vfs";
  // Containerd's own name for the same thing.
  return place.has_image_store ? "overlayfs" : "overlay2";
}

}  // namespace

std::unique_ptr<Runtime> start_dockerd(const RuntimePlace& place, const TestImages& images) {
  const auto& directory = place.directory;
  // In place of the host's.
  write_file(directory + "/daemon.json",
             place.has_image_store ? R"({"features": {"containerd-snapshotter": true}})" : "{}");
  const std::string socket = directory + "/docker.sock";
  DockerLikeSpec spec;
  spec.name = "docker";
  spec.command = command_at(place, {"docker", "--config", directory, "--host", "unix://" + socket});
  spec.server.socket = socket;
  spec.server.log = directory + "/log";
  spec.server.arguments = {
      "dockerd", "--config-file=" + directory + "/daemon.json", "--host=unix://" + socket,
      "--data-root=" + directory + "/data", "--exec-root=" + directory + "/exec",
      "--pidfile=" + directory + "/pid", "--storage-driver=" + storage_driver(place),
      "--add-runtime=test=" + place.oci_runtime, "--default-runtime=test",
      std::string("--exec-opt=native.cgroupdriver=") + (place.is_on_systemd() ? "systemd" : "cgroupfs"),
      "--cgroup-parent=" + (place.is_on_systemd() ? place.cgroup : place.cgroup + "/docker"),
      // Containers outlive the daemon.
      "--live-restore",
      // The host's network stays as it is.
      "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false"};
  // To lower it, as it would by itself, takes CAP_SYS_RESOURCE. Docker 25 and later leave it alone.
  constexpr const char* oom_option = "--oom-score-adjust";
  if (require_command(command_at(place, {"dockerd", "--help"})).find(oom_option) != std::string::npos) {
    spec.server.arguments.push_back(oom_option + std::string("=0"));
  }
  spec.server.arguments = command_at(place, spec.server.arguments);
  return std::make_unique<DockerLike>(spec, images);
}

}  // namespace dropwarden::test
