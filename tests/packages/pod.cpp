// SPDX-License-Identifier: Apache-2.0
// The pod of packaging/kubernetes/manifests, as the kubelet would have a real containerd run it: the
// arguments, the security context, the mounts and the configuration are those of the manifest. The image is
// busybox with the built program; other than in the manifest are only the port, which may be taken, and where
// the state and the socket lie.
#include <array>
#include <filesystem>
#include <iostream>
#include <memory>
#include <netinet/in.h>
#include <regex>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"
#include "dropwarden/sys/unix_socket.hpp"

#include "support/cri_driver.hpp"
#include "support/file.hpp"
#include "support/guard.hpp"
#include "support/monitor_image.hpp"
#include "support/record.hpp"
#include "support/record_file.hpp"
#include "support/requirements.hpp"
#include "support/runtime.hpp"
#include "support/shared_mounts.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string manifests =
    std::string(DROPWARDEN_SOURCE_DIRECTORY) + "/packaging/kubernetes/manifests/dropwarden.yaml";

YAML::Node object_of(const std::string& kind) {
  for (const auto& object : YAML::LoadAllFromFile(manifests))
    if (object.IsMap() && object["kind"].as<std::string>() == kind) return object;
  throw std::runtime_error(manifests + " has no " + kind);
}

struct sockaddr_in loopback(std::uint16_t port) {
  struct sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// Pods have the host's network here. Free a moment ago, which has to do.
std::uint16_t free_port() {
  const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(socket.number(), reinterpret_cast<struct sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.number(), reinterpret_cast<struct sockaddr*>(&address), &size) != 0)
    throw sys::SystemError(sys::last_error("bind", "loopback"));
  return ntohs(address.sin_port);
}

// The whole answer; empty when nobody listens.
std::string get(std::uint16_t port, const std::string& path) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(port);
  if (::connect(socket.number(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) != 0)
    return {};
  if (!sys::send_all(socket.number(), "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n", deadline)) return {};
  std::string answer;
  std::array<char, 4096> bytes{};
  for (auto got = sys::receive(socket.number(), bytes, deadline); got && *got != 0;
       got = sys::receive(socket.number(), bytes, deadline))
    answer.append(bytes.data(), *got);
  return answer;
}

// What the kubelet makes of the manifest's pod on this node.
class Pod {
 public:
  Pod(std::string directory, const RuntimeSocket& containerd, const std::string& cgroup)
      : directory_(std::move(directory)),
        socket_(containerd.path),
        driver_(socket_, cgroup),
        port_(free_port()) {
    for (const char* name : {"config", "run", "state", "output"})
      std::filesystem::create_directory(path_of(name));
    // As an emptyDir is.
    std::filesystem::permissions(path_of("run"), std::filesystem::perms::all);
    write_file(path_of("config") + "/dropwarden.yaml", configuration());
    write_file(path_of("output") + "/findings", "");
    const auto image = write_monitor_image(directory_);
    require_command({"ctr", "--address", socket_, "--namespace", "k8s.io", "images", "import", "--no-unpack",
                     directory_ + "/" + image.file_name});
    const auto pod = object_of("DaemonSet")["spec"]["template"]["spec"];
    const auto container = pod["containers"][0];
    const auto context = container["securityContext"];
    // The output is where the kubelet would have it: not with the runtime.
    std::vector<std::string> command{"sh", "-c", "exec dropwarden \"$@\" >>/output/findings 2>>/output/log",
                                     "sh"};
    pod_ = driver_.run_pod("dropwarden", "kube-system", pod["hostPID"].as<bool>());
    container_ = driver_.run_container(
        pod_, {.name = container["name"].as<std::string>(),
               .image = image.name,
               .command = with(std::move(command), container["args"].as<std::vector<std::string>>()),
               .mounts = mounts_of(pod, container),
               .security =
                   CriSecurity{.capabilities = context["capabilities"]["add"].as<std::vector<std::string>>(),
                               .has_read_only_root = context["readOnlyRootFilesystem"].as<bool>(),
                               .is_apparmor_unconfined =
                                   context["appArmorProfile"]["type"].as<std::string>() == "Unconfined"}});
  }
  Pod(const Pod&) = delete;
  Pod& operator=(const Pod&) = delete;
  ~Pod() {
    try {
      driver_.stop_container(container_, std::chrono::seconds(10));
      driver_.remove_pod(pod_);
    } catch (const std::exception& error) {
      std::cerr << "the pod is left behind: " << error.what() << '\n';
    }
  }

  std::string log() const { return read_file(path_of("output") + "/log"); }
  std::string findings() const { return path_of("output") + "/findings"; }
  std::string page(const std::string& path) const { return get(port_, path); }
  CriExecResult execute(const std::vector<std::string>& command) {
    return driver_.execute(container_, command);
  }

 private:
  std::string path_of(const std::string& name) const { return directory_ + "/" + name; }

  std::string configuration() const {
    auto text = object_of("ConfigMap")["data"]["dropwarden.yaml"].as<std::string>();
    text = std::regex_replace(text, std::regex("/run/containerd/containerd\\.sock"),
                              "/run/containerd/" + std::filesystem::path(socket_).filename().string());
    return std::regex_replace(text, std::regex("0\\.0\\.0\\.0:9476"), "127.0.0.1:" + std::to_string(port_));
  }

  std::vector<CriMount> mounts_of(const YAML::Node& pod, const YAML::Node& container) const {
    std::vector<CriMount> mounts{{path_of("output"), "/output"}};
    for (const auto& mount : container["volumeMounts"]) {
      const auto name = mount["name"].as<std::string>();
      const auto propagation = mount["mountPropagation"];
      const bool is_runtime = name.starts_with("runtime-");
      mounts.push_back({is_runtime ? std::filesystem::path(socket_).parent_path().string() : path_of(name),
                        mount["mountPath"].as<std::string>(),
                        mount["readOnly"] && mount["readOnly"].as<bool>(),
                        propagation && propagation.as<std::string>() == "HostToContainer"});
    }
    EXPECT_EQ(mounts.size(), pod["volumes"].size() + 1);
    return mounts;
  }

  std::string directory_;
  std::string socket_;
  CriDriver driver_;
  std::uint16_t port_;
  CriPod pod_;
  std::string container_;
};

class DaemonSetPod : public testing::Test {
 public:
  static inline RuntimePlace place;

 protected:
  void SetUp() override {
    const auto missing = missing_requirement({"containerd", "ctr", "runc"});
    if (!missing.empty()) GTEST_SKIP() << missing;
    for (const char* name : {"images", "runtime", "pod"})
      std::filesystem::create_directory(place.directory + "/" + name);
    images_ = std::make_unique<TestImages>(place.directory + "/images");
    RuntimePlace own = place;
    own.directory = place.directory + "/runtime";
    // As systemd has all mounts of a node.
    share_mounts(own.directory);
    runtime_ = start_containerd(own, *images_);
  }

  std::unique_ptr<TestImages> images_;
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(DaemonSetPod, SeesADropInANeighbourAndLetsGoOfIt) {
  const auto neighbour = runtime_->start("neighbour", {"sleep", "100000"});
  Pod pod(place.directory + "/pod", runtime_->socket(), place.cgroup);
  ASSERT_TRUE(wait_for([&] { return pod.page("/readyz").starts_with("HTTP/1.1 200"); }, 30s)) << pod.log();

  ASSERT_TRUE(runtime_->execute(neighbour, {"cp", "/bin/busybox", "/tmp/x"}).status.is_success());
  RecordFile findings(pod.findings());
  const auto record = findings.wait_for(final_of(neighbour.id, "/tmp/x"), 30s);
  ASSERT_TRUE(record) << pod.log();
  EXPECT_EQ(text_at(*record, "/event/container/name"), neighbour.name);
  EXPECT_EQ(text_at(*record, "/event/container/image/name"), neighbour.image_name);

  EXPECT_THAT(pod.page("/healthz"), testing::StartsWith("HTTP/1.1 200"));
  // A page is made once a second.
  EXPECT_TRUE(wait_for(
      [&] {
        return pod.page("/metrics").find("dropwarden_findings_total{sensor=\"close_write\"} 1\n") !=
               std::string::npos;
      },
      30s))
      << pod.page("/metrics");
  EXPECT_EQ(pod.execute({"dropwarden", "status", "--json"}).exit_code, 0);
  EXPECT_THAT(pod.log(), Not(HasSubstr(" error "))) << pod.log();
  // Its root file system is still mounted in the pod, unless the runtime's unmount is seen there.
  EXPECT_NO_THROW(runtime_->remove(neighbour));
  EXPECT_TRUE(wait_for(
      [&] { return pod.execute({"grep", "-c", neighbour.id, "/proc/self/mountinfo"}).exit_code != 0; }, 30s))
      << pod.execute({"grep", neighbour.id, "/proc/self/mountinfo"}).output;
}

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  return dropwarden::test::run_tests_guarded(argc, argv, dropwarden::test::DaemonSetPod::place);
}
