// SPDX-License-Identifier: Apache-2.0
// A runtime's socket that lies: it names the overlay of one container under the ID of another.
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "hostile_test.hpp"
#include "support/container_report.hpp"
#include "support/fake_docker_socket.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

class HostileRuntimes : public HostileTest {
 protected:
  void SetUp() override {
    HostileTest::SetUp();
    if (!IsSkipped()) docker_ = std::make_unique<FakeDockerSocket>(host_path("docker.sock"));
  }
  void TearDown() override {
    HostileTest::TearDown();
    docker_.reset();
  }

  // The monitor, which asks that runtime.
  void start_to_ask() {
    const auto directory = host_path("daemon");
    std::filesystem::create_directories(directory);
    watch_by(std::make_unique<Daemon>(directory, std::vector<RuntimeSocket>{{"docker", docker_->path()}}));
  }
  // Until the monitor has heard of it.
  void tell(const ToldContainer& container) {
    const unsigned before = docker_->times_asked(container.id);
    docker_->tell(container);
    ASSERT_TRUE(wait_for([&] { return docker_->times_asked(container.id) > before; }, 20s)) << daemon_->log();
  }
  // Drops a file of this name, and says whose the record of it is.
  std::string owner_of_drop(const std::string& name) {
    const auto path = "/c/" + name;
    box_->run([&] { drop(path); });
    const auto record =
        daemon_->wait_for_record([&](const Record& one) { return path_of(one) == path; }, 20s);
    return record ? container_of(*record) : "none";
  }
  bool is_disputed() const {
    const auto report = ask();
    if (!report.is_object()) return false;
    for (const auto& mount : mounts_of(report, box_->id())) {
      if (text_at(mount, "/problem").starts_with("a runtime tells that it is container " + other_))
        return true;
    }
    return false;
  }

  std::unique_ptr<FakeDockerSocket> docker_;
  const std::string other_ = std::string(64, 'b');
};

TEST_F(HostileRuntimes, ThatNameAnothersUpperDirectoryTakeNoFindingOfIt) {
  docker_->tell({.id = other_, .upperdir = box_->upper()});
  box_->start();
  start_to_ask();
  ASSERT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
  EXPECT_TRUE(wait_for([&] { return daemon_->report().find("told-bbbb") != std::string::npos; }, 20s))
      << "it is a container nevertheless: " << daemon_->report();
  EXPECT_EQ(owner_of_drop("x"), box_->id());
  EXPECT_TRUE(wait_for([&] { return is_disputed(); }, 20s)) << daemon_->report();
  EXPECT_TRUE(daemon_->wait_for_log("a runtime tells that the overlay at " + box_->upper(), 20s));
}

// A process is one's own only where its cgroup names no other.
TEST_F(HostileRuntimes, ThatNameAnothersFirstProcessAsWellTakeNoFindingOfIt) {
  box_->start();
  docker_->tell({.id = other_, .upperdir = box_->upper(), .first_process = box_->first_process()});
  start_to_ask();
  ASSERT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
  EXPECT_EQ(owner_of_drop("x"), box_->id());
  EXPECT_TRUE(wait_for([&] { return is_disputed(); }, 20s)) << daemon_->report();
}

TEST_F(HostileRuntimes, WhoseAnswersAlternateMoveNoFinding) {
  box_->start();
  start_to_ask();
  ASSERT_TRUE(is_watched(*daemon_, *box_)) << daemon_->report();
  const ToldContainer lies[] = {
      {.id = other_, .upperdir = box_->upper()},
      {.id = other_, .upperdir = "/elsewhere", .state = "exited"},
      {.id = other_, .upperdir = box_->upper(), .first_process = box_->first_process()},
      {.id = box_->id(), .upperdir = "/elsewhere", .first_process = 1},
      {.id = other_, .upperdir = box_->upper(), .first_process = daemon_->pid()},
      {.id = box_->id(), .upperdir = {}, .state = "exited"},
      {.id = other_, .upperdir = box_->upper()},
      {.id = box_->id(), .upperdir = {}, .first_process = box_->first_process()},
  };
  for (const ToldContainer& lie : lies) {
    SCOPED_TRACE(&lie - lies);
    tell(lie);
    EXPECT_EQ(owner_of_drop(fmt::format("x{}", &lie - lies)), box_->id());
  }
}

}  // namespace
}  // namespace dropwarden::test
