// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <ctime>
#include <filesystem>

#include <gtest/gtest.h>

#include "guest_test.hpp"
#include "support/child.hpp"
#include "support/daemon.hpp"
#include "support/overlay.hpp"
#include "support/wait.hpp"

// The wall clock of the whole machine is set: only where the machine is the test's own.
namespace dropwarden::test {
namespace {

using namespace std::chrono_literals;

void set_clock(std::chrono::system_clock::time_point to) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(to.time_since_epoch());
  const timespec value{.tv_sec = seconds.count(), .tv_nsec = 0};
  require(::clock_settime(CLOCK_REALTIME, &value) == 0, "clock_settime");
}

class Clock : public GuestTest {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    if (IsSkipped()) return;
    started_ = std::chrono::steady_clock::now();
    wall_ = std::chrono::system_clock::now();
  }
  void TearDown() override {
    if (!IsSkipped()) set_clock(wall_ + (std::chrono::steady_clock::now() - started_));
  }

 private:
  std::chrono::steady_clock::time_point started_;
  std::chrono::system_clock::time_point wall_;
};

// What is written then has an older ctime than what was looked at before.
TEST_F(Clock, ThatIsSetBackHasEverythingLookedThroughOnceMore) {
  const std::string place = make_directory();
  std::filesystem::create_directory(place + "/overlay");
  std::filesystem::create_directory(place + "/daemon");
  const TestOverlay overlay(place + "/overlay");
  Daemon daemon(place + "/daemon", {}, {}, "scan:\n  sweep: false\nwatch:\n  upper_layer: \"off\"\n");
  set_clock(std::chrono::system_clock::now() - 1h);
  // Past the mark: into the layer, from the host.
  std::filesystem::copy_file("/bin/busybox", overlay.upper() + "/past");
  EXPECT_TRUE(daemon.wait_for_log("the wall clock was set back", 30s)) << daemon.log();
  const auto record =
      daemon.wait_for_record([](const Record& one) { return text_at(one, "/data/path") == "/past"; }, 60s);
  ASSERT_TRUE(record) << daemon.log();
  EXPECT_EQ(text_at(*record, "/detected_by"), "scan");
}

}  // namespace
}  // namespace dropwarden::test
