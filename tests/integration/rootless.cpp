// SPDX-License-Identifier: Apache-2.0
// Containers of podman's that are not on an overlay of the host's: those of a user, whose overlays are
// mounted in a namespace of his own, and those that fuse-overlayfs serves.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/util/text.hpp"

#include "support/child.hpp"
#include "support/daemon.hpp"
#include "support/docker_like.hpp"
#include "support/file.hpp"
#include "support/guard.hpp"
#include "support/requirements.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;

const std::vector<std::string> idle{"sleep", "100000"};

// Each program sees a user who is not in this machine's files, with numbers for a namespace of his own.
constexpr const char* script = R"sh(#!/bin/bash
# Runs podman as the user of this test.
exec unshare --mount --propagation private bash -c '
  set -e
  for file in passwd group subuid subgid; do
    [ -e /etc/$file ] || {{ mount -t tmpfs tmpfs /mnt; cp -a /etc /mnt/; mount --bind /mnt/etc /etc; : > /etc/$file; }}
    mount --bind {0}/etc/$file /etc/$file
  done
  cd {0}/home
  export HOME={0}/home XDG_RUNTIME_DIR={0}/run
  exec setpriv --reuid={1} --regid={1} --clear-groups podman --cgroup-manager=cgroupfs --storage-driver=overlay \
    --runtime=runc "$@"
' podman "$@"
)sh";
constexpr unsigned user = 47000;

class Rootless : public testing::Test {
 public:
  static RuntimePlace place;

 protected:
  void SetUp() override {
    const std::string missing = missing_requirement({"podman", "conmon", "runc", "newuidmap", "setpriv"});
    if (!missing.empty()) GTEST_SKIP() << missing;
    // The user has to get to what is his.
    std::filesystem::permissions(place.directory, std::filesystem::perms{0711});
    images_ = std::make_unique<TestImages>(make_directory("images"));
  }

  static std::string make_directory(const std::string& name) {
    std::filesystem::create_directories(place.directory + "/" + name);
    return place.directory + "/" + name;
  }

  static std::string make_user() {
    const auto directory = make_directory("user");
    for (const char* name : {"/etc", "/home", "/run"}) make_directory(fmt::format("user{}", name));
    write_file(
        directory + "/etc/passwd",
        read_file("/etc/passwd") + fmt::format("tester:x:{0}:{0}::{1}/home:/bin/sh\n", user, directory));
    write_file(directory + "/etc/group", read_file("/etc/group") + fmt::format("tester:x:{}:\n", user));
    for (const char* name : {"/etc/subuid", "/etc/subgid"})
      write_file(directory + name, "tester:470000:65536\n");
    for (const char* name : {"/home", "/run"})
      require(::chown((directory + name).c_str(), user, user) == 0, "chown");
    write_file(directory + "/podman", fmt::format(fmt::runtime(script), directory, user));
    std::filesystem::permissions(directory + "/podman", std::filesystem::perms{0755});
    return directory;
  }

  std::unique_ptr<DockerLike> start_as_user(const std::string& directory) const {
    DockerLikeSpec spec;
    spec.name = "podman";
    spec.command = {directory + "/podman"};
    spec.remove_options = {"--time=0"};
    spec.server.socket = directory + "/run/podman.sock";
    spec.server.log = directory + "/log";
    spec.server.arguments = {directory + "/podman", "system", "service", "--time=0",
                             "unix://" + spec.server.socket};
    return std::make_unique<DockerLike>(spec, *images_);
  }

  // As systemd does it for a user, who cannot do it here: in each hierarchy that takes the process.
  static void enter_cgroup(const std::string& name, const std::string& process) {
    for (const char* hierarchy : {"", "/unified", "/pids", "/memory", "/freezer"}) {
      const auto root = fmt::format("/sys/fs/cgroup{}", hierarchy);
      if (!std::filesystem::exists(root + "/cgroup.procs")) continue;
      const auto path = fmt::format("{}{}{}", root, place.cgroup, name);
      std::filesystem::create_directories(path);
      std::ofstream(path + "/cgroup.procs") << process << std::flush;
    }
  }

  // What keeps the user's namespaces when no container is left.
  static void end_pause(const std::string& directory) {
    const auto file = directory + "/run/libpod/tmp/pause.pid";
    if (!std::filesystem::exists(file)) return;
    const auto text = read_file(file);
    const auto pid = util::parse_number<int>(util::trim(text)).value_or(0);
    if (pid > 1) ::kill(pid, SIGKILL);
  }

  std::unique_ptr<TestImages> images_;
};
RuntimePlace Rootless::place;

TEST_F(Rootless, ContainersOnAnOverlayOfTheKernelAreWatchedThroughTheirFirstProcess) {
  const auto directory = make_user();
  {
    const auto podman = start_as_user(directory);
    const auto container = podman->start("rootless", idle, {}, {});
    const auto first =
        require_command({directory + "/podman", "inspect", "--format={{.State.Pid}}", container.id});
    enter_cgroup("/libpod-" + container.id + ".scope", first);
    Daemon daemon(make_directory("daemon"), {});
    ASSERT_NE(daemon.init_of(container.id), 0) << daemon.log();
    const auto copy = [&](const std::string& path) {
      return podman->execute(container, {"cp", "/bin/busybox", path}).status.is_success();
    };
    ASSERT_TRUE(copy("/tmp/x"));
    const auto record = daemon.wait_for_record(final_of(container.id, "/tmp/x"), 30s);
    ASSERT_TRUE(record) << daemon.log() << daemon.report();
    EXPECT_EQ(text_at(*record, "/detected_by"), "close_write");
    EXPECT_EQ(text_at(*record, "/event/file/mount"), "rootfs");
    EXPECT_EQ(text_at(*record, "/event/container/runtime"), "podman");
    EXPECT_THAT(daemon.report(), HasSubstr("what is executed is not watched"));
    ASSERT_TRUE(copy("/dev/shm/x"));
    EXPECT_TRUE(daemon.wait_for_record(final_of(container.id, "/dev/shm/x"), 30s)) << daemon.log();
    EXPECT_TRUE(daemon.stop().is_success());
  }
  end_pause(directory);
}

TEST_F(Rootless, ContainersOnFuseOverlayfsAreNamedAsNotWatched) {
  const auto missing = missing_requirement({"fuse-overlayfs"});
  if (!missing.empty()) GTEST_SKIP() << missing;
  RuntimePlace at = place;
  at.directory = make_directory("fuse");
  at.has_fuse_roots = true;
  const auto podman = start_podman(at, *images_);
  const auto container = podman->start("fuse", idle, {});
  Daemon daemon(make_directory("daemon-fuse"), {podman->socket()});
  ASSERT_NE(daemon.init_of(container.id), 0) << daemon.log();
  EXPECT_TRUE(daemon.wait_for_log("the root of container " + container.id + " is not watched", 30s))
      << daemon.log();
  EXPECT_THAT(daemon.report(), HasSubstr("\"problem\":\"FUSE: a program serves it"));
  // What its server writes is on a file system that a scan can read.
  ASSERT_TRUE(podman->execute(container, {"cp", "/bin/busybox", "/tmp/x"}).status.is_success());
  const auto scan = run_dropwarden({"scan", "--config", daemon.configuration_file(), container.id});
  EXPECT_EQ(scan.status.text(), "status 3") << scan.error;
  EXPECT_THAT(scan.output, HasSubstr("\"path\":\"/tmp/x\""));
  EXPECT_FALSE(daemon.wait_for_record(drop_of(container.id, "/tmp/x"), 0s));
  EXPECT_TRUE(daemon.stop().is_success());
  podman->remove(container);
}

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  using namespace dropwarden::test;
  return run_guarded([&](const RuntimePlace& place) {
    Rootless::place = place;
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
  });
}
