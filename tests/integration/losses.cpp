// SPDX-License-Identifier: Apache-2.0
// An event whose file could not be opened says no more than a process: its container is looked through again,
// and no other.
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "runtime_test.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> idle{"sleep", "100000"};

class Losses : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (IsSkipped()) return;
    daemon_ = std::make_unique<Daemon>(make_directory(), std::vector<RuntimeSocket>{runtime().socket()},
                                       std::vector<std::string>{}, "scan:\n  sweep: false\n");
  }

  boost::json::value sync_of(const std::string& container) const {
    const auto report = boost::json::parse(daemon_->report());
    for (const auto& entry : report.at("containers").as_array()) {
      if (text_at(entry, "/id") != container) continue;
      for (const auto& mount : entry.at("mounts").as_array()) {
        if (text_at(mount, "/path") == "/") return mount.at("sync");
      }
    }
    return nullptr;
  }
  bool wait_until_synced(const std::string& container) const {
    return wait_for(
        [&] {
          const auto sync = sync_of(container);
          return sync.is_object() && sync.at("synced").as_bool();
        },
        30s);
  }
  std::string last_scan_of(const std::string& container) const {
    return boost::json::serialize(sync_of(container).at("scan"));
  }

  std::unique_ptr<Daemon> daemon_;
};

TEST_F(Losses, OfOneContainerHaveThatOneLookedThrough) {
  const ScopedContainer one(runtime(), idle);
  const ScopedContainer other(runtime(), idle);
  const int init = daemon_->init_of(one->id);
  ASSERT_NE(init, 0) << daemon_->log();
  ASSERT_TRUE(wait_until_synced(one->id) && wait_until_synced(other->id)) << daemon_->report();
  const std::string before = last_scan_of(other->id);
  Child writer([&](Line& line) {
    // It has to be in the container before it can write there unseen.
    ::signal(SIGIO, SIG_IGN);
    join_cgroups_of(init);
    const auto busybox = read_file("/bin/busybox");
    const std::string file = "/proc/" + std::to_string(init) + "/root/tmp/leased";
    auto writing = sys::value_or_throw(sys::open_path(file, O_WRONLY | O_CREAT, 0755));
    require(::write(writing.number(), busybox.data(), busybox.size()) > 0, "write");
    line.tell();
    line.hear();
    writing.reset();
    const auto leased = sys::value_or_throw(sys::open_path(file, O_RDWR));
    require(::fcntl(leased.number(), F_SETLEASE, F_WRLCK) == 0, "F_SETLEASE");
    line.tell();
    line.hear();
  });
  writer.line().hear();
  daemon_->send(SIGSTOP);
  writer.line().tell();
  writer.line().hear();
  daemon_->send(SIGCONT);
  EXPECT_TRUE(daemon_->wait_for_log("lease", 20s)) << daemon_->log();
  const auto record = daemon_->wait_for_record(drop_of(one->id, "/tmp/leased"), 30s);
  ASSERT_TRUE(record) << daemon_->log();
  EXPECT_EQ(text_at(*record, "/detected_by"), "scan");
  EXPECT_TRUE(wait_until_synced(one->id)) << daemon_->report();
  EXPECT_EQ(last_scan_of(other->id), before);
  writer.line().tell();
  EXPECT_TRUE(writer.wait());
}

}  // namespace
}  // namespace dropwarden::test
