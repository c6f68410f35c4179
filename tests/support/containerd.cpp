// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <exception>
#include <iostream>
#include <stdexcept>

#include <fmt/format.h>

#include "support/command.hpp"
#include "support/cri_driver.hpp"
#include "support/file.hpp"
#include "support/runtime.hpp"
#include "support/server.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

// restrict_oom_score_adj: to lower it below our own takes CAP_SYS_RESOURCE. Neither AppArmor profile nor CNI:
// hosts of tests often have neither. `Root` holds runc's state, which is in /run otherwise.
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
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "{0}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "runc"
        Root = "{0}/runc"
        SystemdCgroup = false
)";

ServerSpec make_spec(const std::string& directory, const TestImages& images) {
  const auto file = directory + "/config.toml";
  write_file(file, fmt::format(fmt::runtime(configuration), directory, images.pause.name));
  return {.arguments = {"containerd", "--config", file},
          .environment = {},
          .socket = directory + "/containerd.sock",
          .log = directory + "/log"};
}

// All containers of a test live in one pod, which costs as much to make as one of them.
class Containerd final : public Runtime {
 public:
  Containerd(const RuntimePlace& place, const TestImages& images)
      : image_(images.busybox),
        spec_(make_spec(place.directory, images)),
        server_(spec_),
        driver_(spec_.socket, place.cgroup) {
    for (const auto& image : {images.busybox, images.pause}) {
      require_command({"ctr", "--address", spec_.socket, "--namespace", "k8s.io", "images", "import",
                       "--no-unpack", images.archive_of(image)});
      wait_for_image(image.name);
    }
    pod_ = driver_.run_pod("test-pod", "test-namespace");
  }

  ~Containerd() override {
    try {
      driver_.remove_all_pods();
    } catch (const std::exception& error) {
      std::cerr << "containers are left behind: " << error.what() << '\n';
    }
  }

  std::string name() const override { return "containerd"; }
  RuntimeSocket socket() const override { return {"cri", spec_.socket}; }

  TestContainer start(const std::string& name, const std::vector<std::string>& command) override {
    const auto id = driver_.run_container(pod_, {.name = name, .image = image_.name, .command = command});
    return {id, name, image_.name, image_.id, image_.digest, TestPod{pod_.name, pod_.name_space, pod_.uid}};
  }

  CommandResult execute(const TestContainer& container, const std::vector<std::string>& command) override {
    try {
      auto result = driver_.execute(container.id, command);
      return {{.by_signal = false, .value = result.exit_code}, result.output, result.error};
    } catch (const std::runtime_error& error) {
      return {{.by_signal = false, .value = could_not_be_run}, {}, error.what()};
    }
  }

  void remove(const TestContainer& container) override {
    driver_.stop_container(container.id);
    driver_.remove_container(container.id);
  }

 private:
  // CRI has an image store of its own, which learns of new images by events.
  void wait_for_image(const std::string& name) {
    const auto is_known = [&] {
      const auto known = driver_.list_images();
      return std::ranges::any_of(known, [&](const CriImage& image) {
        return std::ranges::find(image.tags, name) != image.tags.end();
      });
    };
    if (!wait_for(is_known, 20s)) throw std::runtime_error("CRI does not know the image " + name);
  }

  // As docker and the shell say it.
  static constexpr int could_not_be_run = 126;

  Image image_;
  ServerSpec spec_;
  Server server_;
  CriDriver driver_;
  CriPod pod_;
};

}  // namespace

std::unique_ptr<Runtime> start_containerd(const RuntimePlace& place, const TestImages& images) {
  return std::make_unique<Containerd>(place, images);
}

}  // namespace dropwarden::test
