// SPDX-License-Identifier: Apache-2.0
// The pod of packaging/kubernetes/manifests, run by a real containerd: the image here is busybox with the
// built program. That of packaging/image is tried in the same pod by packages.cpp.
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "manifest_pod.hpp"
#include "support/guard.hpp"
#include "support/monitor_image.hpp"
#include "support/requirements.hpp"
#include "support/runtime.hpp"
#include "support/shared_mounts.hpp"
#include "watching_pod.hpp"

namespace dropwarden::test {
namespace {

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
  const auto directory = place.directory + "/pod";
  const auto image = write_monitor_image(directory);
  runtime_->load(directory + "/" + image.file_name);
  ManifestPod pod(directory, runtime_->socket().path, place.cgroup, image.name, {"dropwarden"});
  expect_to_see_a_drop(pod, *runtime_, neighbour);
  expect_to_let_go(pod, *runtime_, neighbour);
}

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  return dropwarden::test::run_tests_guarded(argc, argv, dropwarden::test::DaemonSetPod::place);
}
