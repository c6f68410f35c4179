// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "guest_test.hpp"
#include "places.hpp"
#include "support/daemon.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;

class AppArmor : public GuestTest {
 protected:
  static std::string profile_in(Runtime& runtime, const TestContainer& container) {
    const auto profile = runtime.execute(container, {"cat", "/proc/self/attr/current"});
    return profile.output + profile.error;
  }

  // Started by hand, since no test of the runtimes asks for it.
  static TestContainer start_unconfined() {
    const std::string name = "unconfined";
    const auto id = require_command({"docker", "--host", "unix://" + docker().socket().path, "run",
                                     "--detach", "--network=none", "--security-opt=apparmor=unconfined",
                                     "--name=" + name, image, "sleep", "100000"});
    return {id, name, image, {}, {}, std::nullopt};
  }

  static constexpr const char* image = "localhost/dropwarden-busybox:1";
};

TEST_F(AppArmor, OfAContainerOfDockerHidesNothing) {
  const auto container = start(docker());
  ASSERT_THAT(profile_in(docker(), container), HasSubstr("docker-default"));
  Daemon daemon(make_directory(), {docker().socket()});
  drop(docker(), container, "/tmp/x");
  const auto record = daemon.wait_for_record(final_of(container.id, "/tmp/x"), 30s);
  ASSERT_TRUE(record) << daemon.log();
  expect_drop(*record, container, "docker", "/tmp/x");
  docker().remove(container);
}

TEST_F(AppArmor, OfAContainerOfContainerdHidesNothing) {
  const auto container = start(containerd());
  ASSERT_THAT(profile_in(containerd(), container), HasSubstr("cri-containerd"));
  Daemon daemon(make_directory(), {containerd().socket()});
  drop(containerd(), container, "/tmp/x");
  const auto record = daemon.wait_for_record(final_of(container.id, "/tmp/x"), 30s);
  ASSERT_TRUE(record) << daemon.log();
  expect_drop(*record, container, "containerd", "/tmp/x");
  containerd().remove(container);
}

// docker-default denies a look into processes that have no profile, whatever the capabilities.
TEST_F(AppArmor, OfTheMonitorLeavesItTheContainersUnderTheSameProfileAndItSaysSo) {
  const auto confined = start(docker());
  const auto unconfined = start_unconfined();
  const auto monitor = start_under_docker_default(make_directory(), docker().socket());
  EXPECT_THAT(monitor->log(), HasSubstr("the host's mounts are out of reach: readlink(\"/proc/1/ns/mnt\"): "
                                        "Permission denied (needs CAP_SYS_PTRACE, and under AppArmor an "
                                        "unconfined profile)"));
  drop(docker(), confined, "/tmp/x");
  const auto record = monitor->findings().wait_for(final_of(confined.id, "/tmp/x"), 30s);
  ASSERT_TRUE(record) << monitor->log();
  expect_drop(*record, confined, "docker", "/tmp/x", Reach::root_only);
  EXPECT_TRUE(monitor->wait_for_log("its container is not covered", 30s)) << monitor->log();
  const auto report = monitor->containers();
  EXPECT_THAT(report, HasSubstr(unconfined.id));
  EXPECT_THAT(report, HasSubstr("needs CAP_SYS_PTRACE, and under AppArmor an unconfined profile"));
  docker().remove(confined);
  docker().remove(unconfined);
}

// As `appArmorProfile: {type: Unconfined}` has it in a pod, with all else as confined as before.
TEST_F(AppArmor, OfTheMonitorAloneIsToBeUnconfined) {
  const auto confined = start(docker());
  const auto unconfined = start_unconfined();
  const auto monitor =
      start_in_docker(make_directory(), docker().socket(), {"--security-opt=apparmor=unconfined"});
  EXPECT_THAT(monitor->log(), testing::Not(HasSubstr("out of reach")));
  for (const auto& container : {confined, unconfined}) {
    drop(docker(), container, "/tmp/x");
    const auto record = monitor->findings().wait_for(final_of(container.id, "/tmp/x"), 30s);
    ASSERT_TRUE(record) << monitor->log();
    expect_drop(*record, container, "docker", "/tmp/x");
    docker().remove(container);
  }
}

}  // namespace
}  // namespace dropwarden::test
