// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string_view>

#include "support/containerd_server.hpp"
#include "support/cri_driver.hpp"
#include "support/runtime.hpp"

namespace dropwarden::test {
namespace {

// All containers of a test live in one pod, which costs as much to make as one of them.
class Containerd final : public Runtime {
 public:
  Containerd(const RuntimePlace& place, const TestImages& images)
      : image_(images.busybox), server_(place, images), driver_(server_.socket(), place.cgroup) {
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
  RuntimeSocket socket() const override { return {"cri", server_.socket()}; }

  TestContainer start(const std::string& name, const std::vector<std::string>& command,
                      const std::vector<TestMount>& mounts,
                      const std::map<std::string, std::string>& labels) override {
    return start({.name = name, .image = image_.name, .command = command, .labels = labels}, mounts);
  }

  TestContainer start_read_only(const std::string& name, const std::vector<std::string>& command,
                                const std::vector<TestMount>& mounts) override {
    return start(
        {.name = name,
         .image = image_.name,
         .command = command,
         .security =
             CriSecurity{.capabilities = {}, .has_read_only_root = true, .is_apparmor_unconfined = true}},
        mounts);
  }

  void load(const std::string& archive) override { server_.import(archive); }

  CommandResult execute(const TestContainer& container, const std::vector<std::string>& command) override {
    try {
      auto result = driver_.execute(container.id, command);
      return {{.by_signal = false, .value = result.exit_code}, result.output, result.error};
    } catch (const std::runtime_error& error) {
      return {{.by_signal = false, .value = could_not_be_run}, {}, error.what()};
    }
  }

  void remove(const TestContainer& container) override {
    stop(container.id);
    driver_.remove_container(container.id);
  }

  void crash() override { server_.kill(); }
  void recover() override { server_.start(); }

 private:
  TestContainer start(CriContainerSpec spec, const std::vector<TestMount>& mounts) {
    for (const TestMount& mount : mounts) {
      if (mount.kind != TestMount::Kind::bind)
        throw std::runtime_error("CRI mounts directories of the host only");
      spec.mounts.push_back({mount.source, mount.path, mount.is_read_only});
    }
    const auto id = driver_.run_container(pod_, spec);
    return {id,        spec.name,     image_.name,
            image_.id, image_.digest, TestPod{pod_.name, pod_.name_space, pod_.uid}};
  }

  // The shim of a container that ends by itself may go while it is asked to kill (seen with containerd 1.7).
  // The kubelet asks again as well.
  void stop(const std::string& id) {
    try {
      driver_.stop_container(id);
    } catch (const std::runtime_error& error) {
      if (std::string_view(error.what()).find("ttrpc: closed") == std::string_view::npos) throw;
      driver_.stop_container(id);
    }
  }

  // As docker and the shell say it.
  static constexpr int could_not_be_run = 126;

  Image image_;
  ContainerdServer server_;
  CriDriver driver_;
  CriPod pod_;
};

}  // namespace

std::unique_ptr<Runtime> start_containerd(const RuntimePlace& place, const TestImages& images) {
  return std::make_unique<Containerd>(place, images);
}

}  // namespace dropwarden::test
