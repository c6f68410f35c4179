// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>

#include <fmt/format.h>

#include "dropwarden/util/text.hpp"

#include "support/file.hpp"
#include "support/runtime.hpp"
#include "support/server.hpp"

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

class Containerd final : public Runtime {
 public:
  Containerd(const RuntimePlace& place, const TestImages& images)
      : image_(images.busybox), spec_(make_spec(place.directory, images)), server_(spec_) {
    for (const auto& image : {images.busybox, images.pause}) {
      require_command(client({"images", "import", "--no-unpack", images.archive_of(image)}));
    }
  }

  ~Containerd() override {
    try {
      const auto ids = require_command(client({"containers", "list", "--quiet"}));
      for (const auto id : util::split(ids, '\n')) {
        if (!id.empty()) remove_id(std::string(id));
      }
    } catch (const std::exception& error) {
      std::cerr << "containers are left behind: " << error.what() << '\n';
    }
  }

  std::string name() const override { return "containerd"; }
  RuntimeSocket socket() const override { return {"cri", spec_.socket}; }

  TestContainer start(const std::string& name, const std::vector<std::string>& command) override {
    require_command(client({"run", "--detach", image_.name, name}, command));
    return {name, name, image_.name, image_.id, image_.digest, std::nullopt};
  }

  CommandResult execute(const TestContainer& container, const std::vector<std::string>& command) override {
    const auto exec_id = "exec" + std::to_string(++executed_);
    return run_command(client({"tasks", "exec", "--exec-id", exec_id, container.id}, command));
  }

  void remove(const TestContainer& container) override { remove_id(container.id); }

 private:
  void remove_id(const std::string& id) const {
    run_command(client({"tasks", "kill", "--signal", "9", id}));
    require_command(client({"tasks", "delete", "--force", id}));
    require_command(client({"containers", "delete", id}));
  }

  std::vector<std::string> client(const std::vector<std::string>& arguments,
                                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"ctr", "--address", spec_.socket, "--namespace", "k8s.io"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Image image_;
  ServerSpec spec_;
  Server server_;
  unsigned executed_ = 0;
};

}  // namespace

std::unique_ptr<Runtime> start_containerd(const RuntimePlace& place, const TestImages& images) {
  return std::make_unique<Containerd>(place, images);
}

}  // namespace dropwarden::test
