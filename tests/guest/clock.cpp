// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/clock.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <poll.h>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "guest_test.hpp"
#include "support/child.hpp"
#include "support/daemon.hpp"
#include "support/disk.hpp"
#include "support/file.hpp"
#include "support/https_server.hpp"
#include "support/occurrences.hpp"
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

TEST_F(Clock, ThatIsSetIsTold) {
  const auto watch = sys::watch_wall_clock();
  ASSERT_TRUE(watch) << watch.error().text();
  struct pollfd readable{.fd = watch->number(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 0);
  for (const auto step : {1h, -1h}) {
    set_clock(std::chrono::system_clock::now() + step);
    EXPECT_EQ(::poll(&readable, 1, 1000), 1);
    sys::take_clock_set(watch->number());
    EXPECT_EQ(::poll(&readable, 1, 0), 0);
  }
}

// For less than the time from one look at the clock to the next. What is scanned meanwhile, since the queue
// ran over, seems to have been scanned in an hour (unit/monitor/sync_states.cpp has that without luck).
TEST_F(Clock, ThatIsAheadForAMomentHidesNothing) {
  const std::string place = make_directory();
  std::filesystem::create_directory(place + "/disk");
  std::filesystem::create_directory(place + "/daemon");
  const Disk disk("ext4", place + "/disk");  // in memory each sweep reads everything
  std::filesystem::create_directory(disk.path() + "/overlay");
  const TestOverlay overlay(disk.path() + "/overlay");
  const std::string queued = "/proc/sys/fs/fanotify/max_queued_events";
  const std::string usual = read_file(queued);
  write_file(queued, "4");
  Daemon daemon(place + "/daemon", {}, {}, "scan:\n  interval: 5s\nwatch:\n  upper_layer: \"off\"\n");
  write_file(queued, usual);
  const auto repairs = [&] { return count_occurrences(daemon.log(), "it is synced again"); };
  for (int i = 0; i < 3; ++i) {
    const auto before = repairs();
    set_clock(std::chrono::system_clock::now() + 1h);
    for (int n = 0; n < 200; ++n) write_file(fmt::format("{}/text{}-{}", overlay.merged(), i, n), "text");
    std::this_thread::sleep_for(1s);  // the scan begins
    set_clock(std::chrono::system_clock::now() - 1h);
    EXPECT_TRUE(wait_for([&] { return repairs() > before; }, 30s)) << daemon.log();
    const std::string name = fmt::format("/past{}", i);
    write_file(overlay.upper() + name, fmt::format("#!/bin/sh\n# {}\n", i));
    const auto record =
        daemon.wait_for_record([&](const Record& one) { return text_at(one, "/data/path") == name; }, 60s);
    ASSERT_TRUE(record) << daemon.log();
    EXPECT_EQ(text_at(*record, "/detected_by"), "scan");
  }
}

// Far ahead while an output waits to try again, then back behind where it was.
TEST_F(Clock, ThatJumpsKeepsNoOutputFromDelivering) {
  const std::string place = make_directory();
  std::filesystem::create_directory(place + "/overlay");
  std::filesystem::create_directory(place + "/daemon");
  std::filesystem::create_directory(place + "/out");
  const TestOverlay overlay(place + "/overlay");
  HttpsServer server(nullptr, {500, 500, 200});
  Daemon daemon(place + "/daemon", {}, {}, "watch: {metadata_wait: 50ms}\n", place + "/state/state.db",
                "  - {type: webhook, url: 'http://127.0.0.1:" + std::to_string(server.port()) +
                    "/'}\n  - {type: file, path: " + place + "/out/file}\n");
  const auto is_told = [&](const std::string& name) {
    return wait_for(
        [&] {
          const auto requests = server.requests();
          const bool is_posted =
              requests.size() > 2 && std::ranges::any_of(requests, [&](const auto& request) {
                return request.body.find(name) != std::string::npos;
              });
          return is_posted && std::filesystem::exists(place + "/out/file") &&
                 read_file(place + "/out/file").find(name) != std::string::npos;
        },
        60s);
  };
  write_file(overlay.merged() + "/ahead", "#!/bin/sh\n");
  ASSERT_TRUE(wait_for([&] { return !server.requests().empty(); }, 60s)) << daemon.log();
  set_clock(std::chrono::system_clock::now() + 10h);
  EXPECT_TRUE(is_told("/ahead")) << daemon.log();
  set_clock(std::chrono::system_clock::now() - 20h);
  write_file(overlay.merged() + "/behind", "#!/bin/sh\n: behind\n");
  EXPECT_TRUE(is_told("/behind")) << daemon.log();
}

}  // namespace
}  // namespace dropwarden::test
