// SPDX-License-Identifier: Apache-2.0
// Docker in docker: the roots of inner containers are overlays that the outer one mounted itself, over layers
// in a volume of its own. No mark is on them, and nothing that is written there may be missed.
#include <filesystem>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/util/text.hpp"

#include "support/command.hpp"
#include "support/daemon.hpp"
#include "support/docker_like.hpp"
#include "support/file.hpp"
#include "support/guard.hpp"
#include "support/record.hpp"
#include "support/requirements.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

constexpr auto bind = TestMount::Kind::bind;
constexpr const char* state = "/var/lib/docker";

// The runtime of the outer container has the host's programs. All that is root's but CAP_SYS_RESOURCE, which
// whoever runs this may lack; its cgroups are the test's.
constexpr const char* inner_script = R"(
export PATH=/usr/sbin:/usr/bin:/usr/local/bin:/bin
set --
if dockerd --help | grep -q oom-score-adjust; then set -- --oom-score-adjust=0; fi
exec dockerd --host=unix:///run/inner.sock --data-root=/var/lib/docker --exec-root=/run/exec --pidfile=/run/pid \
  --storage-driver=overlay2 --bridge=none --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false \
  "$@" --cgroup-parent=)";

class DockerInDocker : public testing::Test {
 public:
  static inline RuntimePlace place;

 protected:
  void SetUp() override {
    const auto missing = missing_requirement({"dockerd", "docker", "containerd", "runc"});
    if (!missing.empty()) GTEST_SKIP() << missing;
    images_ = std::make_unique<TestImages>(make_directory());
    RuntimePlace own = place;
    own.directory = make_directory();
    runtime_ = start_dockerd(own, *images_);
    outer_ = start_outer();
    ASSERT_TRUE(wait_for([&] { return inner({"version"}).status.is_success(); }, 30s))
        << inner({"version"}).error << read_file(images_->directory + "/log");
    require_inner({"load", "--quiet", "--input", "/images/" + images_->busybox.file_name});
  }

  void TearDown() override {
    if (outer_.id.empty()) return;
    const auto ids = inner({"ps", "--all", "--quiet"}).output;
    for (const auto id : util::split(ids, '\n')) {
      if (!id.empty()) inner({"rm", "--force", std::string(id)});
    }
    runtime_->remove(outer_);
  }

  static std::string make_directory() {
    static unsigned last = 0;
    const auto path = place.directory + "/" + std::to_string(++last);
    std::filesystem::create_directory(path);
    return path;
  }

  TestContainer start_outer() {
    std::vector<std::string> options{"--cgroupns=host", "--volume=/sys/fs/cgroup:/sys/fs/cgroup"};
    for (const char* name : {"SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"})
      options.push_back(std::string("--cap-add=") + name);
    for (const char* what : {"seccomp", "apparmor", "systempaths"})
      options.push_back(std::string("--security-opt=") + what + "=unconfined");
    const auto script = inner_script + place.cgroup + "/inner >" + images_->directory + "/log 2>&1";
    return dynamic_cast<DockerLike&>(*runtime_).start_with(options, "outer", {"sh", "-c", script},
                                                           {{bind, "/usr", "/usr", true},
                                                            {bind, "/usr/lib", "/lib", true},
                                                            {bind, "/usr/lib64", "/lib64", true},
                                                            {bind, make_directory(), state},
                                                            {bind, images_->directory, "/images", true},
                                                            {bind, images_->directory, images_->directory}});
  }

  CommandResult inner(const std::vector<std::string>& arguments) {
    std::vector<std::string> command{"env", "PATH=/usr/local/bin:/usr/bin:/bin", "docker", "--host",
                                     "unix:///run/inner.sock"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return runtime_->execute(outer_, command);
  }

  std::string require_inner(const std::vector<std::string>& arguments) {
    const auto result = inner(arguments);
    if (!result.status.is_success()) throw std::runtime_error(arguments.front() + ": " + result.error);
    return result.output;
  }

  void start_inner(const std::string& name) {
    require_inner(
        {"run", "--detach", "--network=none", "--name=" + name, images_->busybox.name, "sleep", "100000"});
  }
  void write_in(const std::string& name, const std::string& path) {
    require_inner({"exec", name, "sh", "-c", "cat /bin/busybox >" + path});
  }

  // A finding of the outer container, whose volume it is, about a file that ends as this path does.
  void expect_seen(Daemon& daemon, const std::string& path) const {
    const auto record = daemon.wait_for_record(
        [&](const Record& candidate) {
          const auto told = path_of(candidate);
          return text_at(candidate, "/event/container/id") == outer_.id && told.starts_with(state) &&
                 told.ends_with("/diff" + path);
        },
        30s);
    ASSERT_TRUE(record) << path << daemon.log();
    EXPECT_THAT(text_at(*record, "/detected_by"), AnyOf("scan", "upper_layer"));
    EXPECT_EQ(text_at(*record, "/event/file/mount"), "volume");
    EXPECT_EQ(text_at(*record, "/event/container/name"), "outer");
  }

  std::unique_ptr<TestImages> images_;
  std::unique_ptr<Runtime> runtime_;
  TestContainer outer_;
};

TEST_F(DockerInDocker, IsSeenByItsVolumeBeforeAndAfterTheMonitorHasStarted) {
  start_inner("early");
  write_in("early", "/tmp/before");
  Daemon daemon(make_directory(), {runtime_->socket()}, {}, "scan:\n  interval: 1s\n");
  expect_seen(daemon, "/tmp/before");
  write_in("early", "/tmp/after");
  expect_seen(daemon, "/tmp/after");
  start_inner("late");
  write_in("late", "/tmp/in-a-new-one");
  expect_seen(daemon, "/tmp/in-a-new-one");
  // What no name tells of: it had one, and another content.
  write_in("late", "/opt/script");
  expect_seen(daemon, "/opt/script");
  EXPECT_THAT(daemon.report(), HasSubstr("an overlay that the container mounted itself"));
  EXPECT_TRUE(daemon.stop().is_success());
  EXPECT_EQ(daemon.ledger()["balanced"], 1U);
}

// It is another container, which no runtime that is asked knows; its memory is its own.
TEST_F(DockerInDocker, HasMemoryThatIsTheInnerContainers) {
  Daemon daemon(make_directory(), {runtime_->socket()}, {}, "scan:\n  interval: 1s\n");
  const auto id = [&] {
    start_inner("inner");
    const auto printed = require_inner({"inspect", "--format={{.Id}}", "inner"});
    return printed.substr(0, printed.find('\n'));
  }();
  write_in("inner", "/dev/shm/x");
  const auto record = daemon.wait_for_record(
      [&](const Record& candidate) {
        return path_of(candidate) == "/dev/shm/x" && text_at(candidate, "/event/container/id") == id;
      },
      30s);
  ASSERT_TRUE(record) << daemon.log();
  EXPECT_EQ(text_at(*record, "/event/file/mount"), "tmpfs");
}

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  return dropwarden::test::run_tests_guarded(argc, argv, dropwarden::test::DockerInDocker::place);
}
