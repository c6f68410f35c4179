// SPDX-License-Identifier: Apache-2.0
#include "support/docker_like.hpp"
#include "support/file.hpp"

namespace dropwarden::test {

std::unique_ptr<Runtime> start_dockerd(const RuntimePlace& place, const TestImages& images) {
  const auto& directory = place.directory;
  // So that the configuration of the host is not read.
  write_file(directory + "/daemon.json", "{}");
  const std::string socket = directory + "/docker.sock";
  DockerLikeSpec spec;
  spec.name = "docker";
  spec.command = {"docker", "--config", directory, "--host", "unix://" + socket};
  spec.server.socket = socket;
  spec.server.log = directory + "/log";
  spec.server.arguments = {
      "dockerd", "--config-file=" + directory + "/daemon.json", "--host=unix://" + socket,
      "--data-root=" + directory + "/data", "--exec-root=" + directory + "/exec",
      "--pidfile=" + directory + "/pid", "--storage-driver=overlay2",
      "--exec-opt=native.cgroupdriver=cgroupfs", "--cgroup-parent=" + place.cgroup + "/docker",
      // To lower it takes CAP_SYS_RESOURCE.
      "--oom-score-adjust=0",
      // The host's network stays as it is.
      "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false"};
  return std::make_unique<DockerLike>(spec, images);
}

}  // namespace dropwarden::test
