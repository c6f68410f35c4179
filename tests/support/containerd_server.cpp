// SPDX-License-Identifier: Apache-2.0
#include "support/containerd_server.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "support/command.hpp"
#include "support/cri_driver.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

// restrict_oom_score_adj: to lower it below our own takes CAP_SYS_RESOURCE. No CNI, and AppArmor's profile on
// a node only: hosts of tests often have neither. `Root` holds runc's state, which is in /run otherwise.
constexpr const char* configuration = R"(version = 2
root = "{0}/root"
state = "{0}/state"
oom_score = 0
[grpc]
  address = "{0}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{0}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{1}"
  restrict_oom_score_adj = true
  disable_apparmor = {3}
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "{0}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{5}"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "{2}"
        Root = "{0}/runc"
        SystemdCgroup = {4}
)";

ServerSpec make_spec(const RuntimePlace& place, const TestImages& images) {
  const auto& directory = place.directory;
  const auto file = directory + "/config.toml";
  write_file(file, fmt::format(fmt::runtime(configuration), directory, images.pause.name, place.oci_runtime,
                               !place.is_on_systemd(), place.is_on_systemd(),
                               place.has_plain_roots ? "native" : "overlayfs"));
  return {.arguments = command_at(place, {"containerd", "--config", file}),
          .environment = {},
          .socket = directory + "/containerd.sock",
          .log = directory + "/log"};
}

// CRI has an image store of its own, which learns of new images by events.
void wait_for_image(CriDriver& driver, const std::string& name) {
  const auto is_known = [&] {
    const auto known = driver.list_images();
    return std::ranges::any_of(known, [&](const CriImage& image) {
      return std::ranges::find(image.tags, name) != image.tags.end();
    });
  };
  if (!wait_for(is_known, 20s)) throw std::runtime_error("CRI does not know the image " + name);
}

// containerd listens before CRI has read its state, and refuses every call until then.
void wait_for_cri(CriDriver& driver) {
  std::string problem;
  const auto is_ready = [&] {
    try {
      driver.list_images();
      return true;
    } catch (const std::runtime_error& error) {
      problem = error.what();
      return false;
    }
  };
  if (!wait_for(is_ready, 20s)) throw std::runtime_error("CRI does not get ready: " + problem);
}

}  // namespace

ContainerdServer::ContainerdServer(const RuntimePlace& place, const TestImages& images)
    : place_(place), spec_(make_spec(place, images)) {
  start();
  CriDriver driver(spec_.socket);
  for (const auto& image : {images.busybox, images.pause}) {
    require_command(command_at(place, {"ctr", "--address", spec_.socket, "--namespace", "k8s.io", "images",
                                       "import", "--no-unpack", images.archive_of(image)}));
    wait_for_image(driver, image.name);
  }
}

void ContainerdServer::import(const std::string& archive) const {
  const std::string snapshotter = place_.has_plain_roots ? "native" : "overlayfs";
  require_command(command_at(place_, {"ctr", "--address", spec_.socket, "--namespace", "k8s.io", "images",
                                      "import", "--snapshotter", snapshotter, archive}));
}

void ContainerdServer::stop() {
  server_.reset();
}

void ContainerdServer::kill() {
  server_->kill();
}

void ContainerdServer::start() {
  server_.reset();
  server_ = std::make_unique<Server>(spec_);
  CriDriver driver(spec_.socket);
  wait_for_cri(driver);
}

}  // namespace dropwarden::test
