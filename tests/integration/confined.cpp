// SPDX-License-Identifier: Apache-2.0
// The monitor in a container that is not privileged: all capabilities dropped but those that it needs, the
// runtime's default seccomp profile, a read-only root, the host's pid namespace and the socket of the
// runtime.
#include <filesystem>
#include <memory>
#include <set>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/confined_monitor.hpp"
#include "support/file.hpp"
#include "support/guard.hpp"
#include "support/hoarder.hpp"
#include "support/other_user.hpp"
#include "support/record.hpp"
#include "support/requirements.hpp"
#include "support/runtime.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Case {
  const char* name;  // of the runtime, as findings print it
  std::vector<const char*> programs;
  std::unique_ptr<Runtime> (*start_runtime)(const RuntimePlace&, const TestImages&);
  std::unique_ptr<PlacedMonitor> (*start_monitor)(const std::string& directory, const RuntimeSocket& socket);
};

class Confined : public testing::TestWithParam<Case> {
 public:
  static inline RuntimePlace place;

 protected:
  void SetUp() override {
    const auto missing = missing_requirement(GetParam().programs);
    if (!missing.empty()) GTEST_SKIP() << missing;
    images_ = std::make_unique<TestImages>(make_directory());
    RuntimePlace own = place;
    own.directory = make_directory();
    runtime_ = GetParam().start_runtime(own, *images_);
  }

  static std::string make_directory() {
    static unsigned last = 0;
    const auto path = place.directory + "/" + std::to_string(++last);
    std::filesystem::create_directory(path);
    return path;
  }

  std::unique_ptr<PlacedMonitor> start_monitor() const {
    return GetParam().start_monitor(make_directory(), runtime_->socket());
  }

  TestContainer start_neighbour() const { return runtime_->start("neighbour", {"sleep", "100000"}); }

  // What the daemon says of itself.
  static boost::json::value status_of(PlacedMonitor& monitor) {
    return boost::json::parse(monitor.ask({"status", "--json"}));
  }

  std::unique_ptr<TestImages> images_;
  std::unique_ptr<Runtime> runtime_;
};

TEST_P(Confined, NamesContainerAndImageOfADropInANeighbour) {
  const auto neighbour = start_neighbour();
  const auto monitor = start_monitor();
  // It has a second file to copy, which nobody writes for a moment: a writer that is gone has no name any
  // more.
  const auto copied = runtime_->execute(
      neighbour, {"sh", "-c",
                  "mkdir /tmp/in && ln -s /bin/busybox /tmp/in/x && /bin/busybox mkfifo /tmp/in/y && "
                  "{ (sleep 1; : >/tmp/in/y) & cp -L /tmp/in/x /tmp/in/y /tmp; }"});
  ASSERT_TRUE(copied.status.is_success()) << copied.error;
  const auto record = monitor->findings().wait_for(final_of(neighbour.id, "/tmp/x"), 30s);
  ASSERT_TRUE(record) << monitor->log();
  EXPECT_EQ(text_at(*record, "/event/container/name"), neighbour.name);
  EXPECT_EQ(text_at(*record, "/event/container/runtime"), GetParam().name);
  EXPECT_EQ(text_at(*record, "/event/container/image/name"), neighbour.image_name);
  EXPECT_EQ(text_at(*record, "/event/container/metadata"), "complete");
  EXPECT_EQ(text_at(*record, "/event/file/kind"), "elf");
  EXPECT_EQ(text_at(*record, "/event/process/name"), "cp");
  runtime_->remove(neighbour);
}

// Where the host's mount table is out of reach, a container is marked once its first process is found: what
// it did before may be missed, which is said.
TEST_P(Confined, SeesADropOfAContainersFirstInstructionOrSaysThatItCameTooLate) {
  const auto monitor = start_monitor();
  const auto neighbour =
      runtime_->start("neighbour", {"sh", "-c", "cp /bin/busybox /tmp/x; sleep 100000; :"});
  const bool is_out_of_reach = monitor->log().find("the host's mounts are out of reach") != std::string::npos;
  const auto record =
      monitor->findings().wait_for(final_of(neighbour.id, "/tmp/x"), is_out_of_reach ? 5s : 30s);
  if (record) {
    EXPECT_EQ(text_at(*record, "/event/container/name"), neighbour.name);
  } else {
    EXPECT_TRUE(is_out_of_reach) << monitor->log();
    EXPECT_THAT(monitor->log(), HasSubstr("was marked after its container started"));
  }
  runtime_->remove(neighbour);
}

// By pidfd_getfd(2), which the default profile allows to who may trace.
TEST_P(Confined, MarksANewNeighbourThoughTheUserOfTheMonitorMaySendNoDescriptor) {
  const auto monitor = start_monitor();
  const auto told = status_of(*monitor);
  pid_t part = 0;
  for (const auto& process : told.at("processes").as_array())
    if (process.at("role") == "monitor") part = process.at("pid").to_number<pid_t>();
  const auto user = user_of(part);
  ASSERT_TRUE(user);
  constexpr int most = 512;
  ASSERT_TRUE(limit_descriptors(part, most));
  const Hoarder hoarder(*user, most + 1);
  const auto neighbour = start_neighbour();
  const auto copied = [&](int number) {
    const std::string file = "/tmp/x" + std::to_string(number);
    EXPECT_TRUE(runtime_->execute(neighbour, {"cp", "/bin/busybox", file}).status.is_success());
    return monitor->findings().wait_for(final_of(neighbour.id, file), 3s).has_value();
  };
  int number = 0;
  EXPECT_TRUE(wait_for([&] { return copied(++number); }, 30s)) << monitor->log();
  EXPECT_THAT(monitor->log(), Not(HasSubstr("Too many references"))) << monitor->log();
  runtime_->remove(neighbour);
}

TEST_P(Confined, HasNoMoreThanItNeedsAndLosesNothing) {
  const auto monitor = start_monitor();
  const auto status = status_of(*monitor);
  const std::set<std::string> needed{"sys_admin", "sys_ptrace", "dac_read_search", "setuid", "setgid"};
  for (const auto& process : status.at("processes").as_array()) {
    EXPECT_EQ(process.at("seccomp").as_string(), "filter") << process;
    EXPECT_EQ(process.at("no_new_privileges").as_bool(), process.at("role") != "supervisor") << process;
    if (process.at("role") == "monitor") {
      EXPECT_THAT(process.at("capabilities").as_array(), IsEmpty());
    }
    for (const auto& capability : process.at("capabilities").as_array())
      EXPECT_TRUE(needed.contains(std::string(capability.as_string()))) << process;
  }
  EXPECT_EQ(status.at("sandbox").at("enforcement").as_string(), "enforce");
  EXPECT_THAT(status.at("sandbox").at("refused").as_array(), IsEmpty());
  EXPECT_THAT(monitor->log(), Not(HasSubstr(" critical "))) << monitor->log();
  EXPECT_THAT(monitor->log(), Not(HasSubstr(" error "))) << monitor->log();
}

std::unique_ptr<PlacedMonitor> start_pod(const std::string& directory, const RuntimeSocket& socket) {
  return start_in_pod({.directory = directory, .containerd = socket, .cgroup = Confined::place.cgroup});
}
std::unique_ptr<PlacedMonitor> start_container(const std::string& directory, const RuntimeSocket& socket) {
  return start_in_docker(directory, socket);
}

INSTANTIATE_TEST_SUITE_P(
    Of, Confined,
    testing::Values(
        Case{"containerd", {"containerd", "ctr", "runc"}, start_containerd, start_pod},
        Case{"docker", {"dockerd", "docker", "containerd", "runc"}, start_dockerd, start_container}),
    [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  return dropwarden::test::run_tests_guarded(argc, argv, dropwarden::test::Confined::place);
}
