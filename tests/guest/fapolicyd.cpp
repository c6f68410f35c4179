// SPDX-License-Identifier: Apache-2.0
// Beside a daemon that holds up each open and execution on the whole machine until it has looked at the file
// and at the process that asks: at those of the containers, of the monitor, and of everybody else. Where it
// errs nothing runs any more, so it is tried only where the machine is the test's own.
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>

#include <gtest/gtest.h>

#include "guest_test.hpp"
#include "support/child_process.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/requirements.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

constexpr int drops = 20;
constexpr const char* directory = "/etc/fapolicyd";

class Fapolicyd : public GuestTest {
 protected:
  void SetUp() override {
    const auto missing = missing_requirement({"fapolicyd"});
    if (!missing.empty()) GTEST_SKIP() << missing;
    GuestTest::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directories("/run/fapolicyd");
    // Also what containers do; without `trust`, which would be a list of this machine's packages.
    write_file(std::string(directory) + "/fapolicyd.conf",
               "permissive = 0\nnice_val = 0\nq_size = 640\nuid = fapolicyd\ngid = fapolicyd\n"
               "do_stat_report = 0\ndetailed_report = 0\ndb_max_size = 10\nsubj_cache_size = 1549\n"
               "obj_cache_size = 8191\nwatch_fs = ext4,tmpfs,overlay\ntrust = file\nintegrity = none\n"
               "syslog_format = rule,dec,perm,auid,pid,exe,:,path,ftype,trust\nrpm_sha256_only = 0\n"
               "allow_filesystem_mark = 1\n");
    write_file(rules(), "deny perm=execute all : path=/refused\nallow perm=any all : all\n");
    place_ = make_directory();
  }
  void TearDown() override {
    fapolicyd_.reset();
    std::filesystem::remove(rules());
  }

  static std::string rules() { return std::string(directory) + "/fapolicyd.rules"; }

  void start_fapolicyd() {
    log_ = sys::Fd{::open((place_ + "/fapolicyd.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    fapolicyd_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"fapolicyd", "--debug-deny"},
        ChildOptions{.output = log_.number(), .error = log_.number(), .environment = {}});
  }
  std::string fapolicyd_log() const { return read_file(place_ + "/fapolicyd.log"); }

  static std::string script(const std::string& path) {
    return "printf '#!/bin/sh\\nexit 0\\n' > " + path + " && chmod 0755 " + path;
  }
  static bool runs(const TestContainer& container, const std::string& command) {
    return containerd().execute(container, {"sh", "-c", command}).status.is_success();
  }
  // It has marks on the container's overlay, and its answer counts.
  bool refuses(const TestContainer& container) {
    return wait_for([&] { return !runs(container, "/refused"); }, 120s);
  }
  // Each is written and run, so that both are asked and told.
  static void drop_and_run(const TestContainer& container, const std::string& name) {
    for (int i = 0; i < drops; ++i) {
      const std::string path = "/tmp/" + name + std::to_string(i);
      EXPECT_TRUE(runs(container, script(path) + " && " + path)) << path;
    }
  }
  static void expect_told(Daemon& daemon, const TestContainer& container, const std::string& name) {
    for (int i = 0; i < drops; ++i) {
      const std::string path = "/tmp/" + name + std::to_string(i);
      const auto record = daemon.wait_for_record(final_of(container.id, path), 60s);
      ASSERT_TRUE(record) << path << '\n' << daemon.log();
      EXPECT_EQ(text_at(*record, "/event/file/sha256/status"), "done") << path;
    }
  }
  static void expect_good_end(Daemon& daemon) {
    EXPECT_TRUE(daemon.stop().is_success()) << daemon.log();
    EXPECT_EQ(daemon.ledger()["balanced"], 1U);
    EXPECT_EQ(daemon.ledger()["lost"], 0U) << daemon.log();
  }
  std::string daemon_directory(const std::string& name) const {
    std::filesystem::create_directory(place_ + "/" + name);
    return place_ + "/" + name;
  }

  std::string place_;
  sys::Fd log_;
  std::unique_ptr<ChildProcess> fapolicyd_;
};

// Whichever of the two was there first, and whichever ends first.
TEST_F(Fapolicyd, HoldsUpNoFindingAndIsHeldUpByNone) {
  const auto container = start(containerd());
  ASSERT_TRUE(runs(container, script("/refused") + " && /refused"));
  Daemon before(daemon_directory("before"), {containerd().socket()});
  start_fapolicyd();
  ASSERT_TRUE(refuses(container)) << fapolicyd_log();
  drop_and_run(container, "a");
  expect_told(before, container, "a");
  // What it refuses to run is told as well.
  ASSERT_TRUE(runs(container, "rm /refused && " + script("/refused")));
  EXPECT_FALSE(runs(container, "/refused"));
  EXPECT_TRUE(before.wait_for_record(final_of(container.id, "/refused"), 60s)) << before.log();
  expect_good_end(before);

  // Each open of its own start is held up, and those of a container that starts then.
  Daemon after(daemon_directory("after"), {containerd().socket()});
  const auto next = start(containerd());
  drop_and_run(next, "b");
  expect_told(after, next, "b");
  EXPECT_FALSE(runs(container, "/refused")) << "it is not one that no longer answers";
  ASSERT_TRUE(fapolicyd_->is_running()) << fapolicyd_log();
  EXPECT_FALSE(fapolicyd_->terminate(30s).by_signal) << fapolicyd_log();
  EXPECT_TRUE(runs(container, "/refused"));
  drop_and_run(next, "c");
  expect_told(after, next, "c");
  expect_good_end(after);
  containerd().remove(next);
  containerd().remove(container);
}

}  // namespace
}  // namespace dropwarden::test
