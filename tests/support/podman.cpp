// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "support/docker_like.hpp"
#include "support/file.hpp"

namespace dropwarden::test {
namespace {

// Locks in files, since the default ones are in shared memory that all podmans of the host share; ulimits
// that a root without CAP_SYS_RESOURCE may set.
constexpr const char* configuration = R"([engine]
cgroup_manager = "{2}"
events_logger = "file"
lock_type = "file"
runtime = "{1}"
static_dir = "{0}/static"
tmp_dir = "{0}/tmp"
volume_path = "{0}/volumes"
[network]
network_config_dir = "{0}/network"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
)";

}  // namespace

std::unique_ptr<Runtime> start_podman(const RuntimePlace& place, const TestImages& images) {
  const auto& directory = place.directory;
  write_file(directory + "/containers.conf",
             fmt::format(fmt::runtime(configuration), directory, place.oci_runtime,
                         place.is_on_systemd() ? "systemd" : "cgroupfs"));
  DockerLikeSpec spec;
  spec.name = "podman";
  spec.command =
      command_at(place, {"podman", "--root=" + directory + "/root", "--runroot=" + directory + "/run",
                         "--runtime-flag=root=" + directory + "/oci",
                         place.has_plain_roots ? "--storage-driver=vfs" : "--storage-driver=overlay"});
  // Otherwise it mounts its storage as private, so that from another namespace than its own no container can
  // be seen to come.
  if (!place.has_plain_roots) spec.command.push_back("--storage-opt=overlay.skip_mount_home=true");
  if (place.has_fuse_roots)
    spec.command.push_back("--storage-opt=overlay.mount_program=/usr/bin/fuse-overlayfs");
  spec.run_options = {"--cgroup-parent=" +
                      (place.is_on_systemd() ? place.cgroup : place.cgroup + "/libpod_parent")};
  spec.remove_options = {"--time=0"};
  spec.server.socket = directory + "/podman.sock";
  spec.server.log = directory + "/log";
  spec.server.environment = {"CONTAINERS_CONF=" + directory + "/containers.conf"};
  spec.server.arguments = spec.command;
  for (const auto& word : {std::string("system"), std::string("service"), std::string("--time=0"),
                           "unix://" + spec.server.socket}) {
    spec.server.arguments.push_back(word);
  }
  return std::make_unique<DockerLike>(spec, images);
}

}  // namespace dropwarden::test
