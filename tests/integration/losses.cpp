// SPDX-License-Identifier: Apache-2.0
// An event whose file could not be opened says no more than a process: its container is looked through again,
// and no other.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/cgroup.hpp"
#include "support/container_report.hpp"
#include "support/daemon.hpp"
#include "support/leased_writer.hpp"
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
    for (const auto& mount : mounts_of(report, container)) {
      if (text_at(mount, "/path") == "/") return mount.at("sync");
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
  // It is told by its cgroup whose process it is.
  LeasedWriter writer(*daemon_, "/proc/" + std::to_string(init) + "/root/tmp/leased",
                      [init] { join_cgroups_of(init); });
  EXPECT_TRUE(daemon_->wait_for_log("lease", 20s)) << daemon_->log();
  const auto record = daemon_->wait_for_record(drop_of(one->id, "/tmp/leased"), 30s);
  ASSERT_TRUE(record) << daemon_->log();
  EXPECT_EQ(text_at(*record, "/detected_by"), "scan");
  EXPECT_TRUE(wait_until_synced(one->id)) << daemon_->report();
  EXPECT_EQ(last_scan_of(other->id), before);
  EXPECT_TRUE(writer.end());
}

}  // namespace
}  // namespace dropwarden::test
