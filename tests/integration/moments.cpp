// SPDX-License-Identifier: Apache-2.0
// Files that no event has told of: written before the monitor ran, while it did not, when the kernel's queue
// was full or the monitor could open nothing, and those whose writer never closes them. A scan finds them.
#include "moments.hpp"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/file.hpp"

#include "support/child.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/leased_writer.hpp"
#include "support/other_user.hpp"
#include "support/overlay.hpp"
#include "support/sha256.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;

TEST_F(Moments, WhatWasThereBeforeTheFirstStartIsFound) {
  drop("/tmp/before");
  start(no_sweep);
  EXPECT_EQ(sensor_of("/tmp/before"), "scan") << daemon_->log();
  EXPECT_TRUE(wait_until_synced()) << boost::json::serialize(sync());
  EXPECT_THAT(daemon_->log(), HasSubstr("first_start"));
  drop("/tmp/after");
  EXPECT_EQ(sensor_of("/tmp/after"), "close_write");
}

TEST_F(Moments, WhatWasThereBeforeTheFirstStartIsLeftAloneWhereThatIsSwitchedOff) {
  for (const char* directory : {"/tmp/moved", "/tmp/below"})
    std::filesystem::create_directory(in_container(directory));
  const std::vector<std::string> old{"/tmp/before", "/tmp/moved/before", "/tmp/below/before"};
  for (const auto& file : old) drop(file);
  // What is younger than the clock may be adjusted by is taken for new.
  const auto dropped = std::chrono::steady_clock::now();
  EXPECT_TRUE(test::wait_for([&] { return std::chrono::steady_clock::now() - dropped > 2500ms; }, patience));
  const std::string settings = "scan:\n  first_start: false\n  interval: 1s\n";
  start(settings);
  EXPECT_TRUE(is_synced()) << daemon_->report();
  // Of a directory in which a name came or went, a sweep reads all; below one that was moved, the file system
  // under the layers does.
  drop("/tmp/after");
  drop("/tmp/below/after");
  std::filesystem::rename(in_container("/tmp/moved"), in_container("/tmp/elsewhere"));
  EXPECT_EQ(sensor_of("/tmp/after"), "close_write");
  expect_untold_after_a_sweep(
      {"/tmp/before", "/tmp/below/before", "/tmp/moved/before", "/tmp/elsewhere/before"});
  // Nor after a restart, which reads all.
  ASSERT_TRUE(daemon_->stop().is_success());
  drop("/tmp/meanwhile");
  start(settings);
  EXPECT_EQ(sensor_of("/tmp/meanwhile"), "scan");
  expect_untold_after_a_sweep({"/tmp/before", "/tmp/below/before", "/tmp/elsewhere/before"});
}

TEST_F(Moments, AWriterThatNeverClosesIsFoundByTheSweep) {
  // The file system under the layers tells of its mode.
  start("scan:\n  interval: 1s\n", "upper_layer: off");
  ASSERT_TRUE(wait_until_synced());
  const auto busybox = read_file("/bin/busybox");
  const auto file = sys::value_or_throw(sys::open_path(in_container("/tmp/open"), O_RDWR | O_CREAT, 0755));
  ASSERT_EQ(::write(file.number(), busybox.data(), busybox.size()), static_cast<ssize_t>(busybox.size()));
  EXPECT_EQ(sensor_of("/tmp/open"), "scan") << daemon_->log();
}

// Its first half would be a finding by itself, of another hash.
TEST_F(Moments, WhatIsBeingWrittenAtTheStartIsToldOnceAndWhole) {
  const auto busybox = read_file("/bin/busybox");
  auto file = sys::value_or_throw(sys::open_path(in_container("/tmp/slow"), O_WRONLY | O_CREAT, 0755));
  std::atomic<bool> is_scanned{false};
  std::thread writer([&] {
    const std::size_t half = busybox.size() / 2;
    std::size_t written = 0;
    const auto write_some = [&](std::size_t size) {
      require(::write(file.number(), &busybox[written], size) == static_cast<ssize_t>(size), "write");
      written += size;
    };
    write_some(half);
    while (!is_scanned) {
      if (written + 1 < busybox.size()) write_some(1);
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    write_some(busybox.size() - written);
    file.reset();
  });
  start();
  EXPECT_TRUE(wait_until_synced()) << boost::json::serialize(sync());
  EXPECT_FALSE(wait_for("/tmp/slow", std::chrono::milliseconds{0})) << daemon_->log();
  is_scanned = true;
  writer.join();
  const auto record = wait_for("/tmp/slow");
  ASSERT_TRUE(record) << daemon_->log();
  EXPECT_EQ(text_at(*record, "/detected_by"), "close_write");
  EXPECT_EQ(text_at(*record, "/event/file/sha256/value"), sha256(busybox));
}

TEST_F(Moments, WhatTheKernelDroppedIsFound) {
  start(no_sweep);
  ASSERT_TRUE(wait_until_synced());
  daemon_->send("monitor", SIGSTOP);
  constexpr int files = 20'000;  // fs.fanotify.max_queued_events is 16384
  require(::mount(nullptr, path("").c_str(), nullptr, MS_REMOUNT, "size=256m") == 0, "mount");
  std::filesystem::create_directory(in_container("/many"));
  for (int i = 0; i < files; ++i) {
    const bool is_executable = i % 1000 == 0;
    write_file(in_container("/many/" + std::to_string(i)),
               is_executable ? "#!/bin/sh\n# " + std::to_string(i) + "\n" : "text");
  }
  drop("/tmp/last");
  daemon_->send("monitor", SIGCONT);
  if (!daemon_->wait_for_log("queue_overflow", patience)) GTEST_SKIP() << "the queue is longer here";
  for (int i = 0; i < files; i += 1000) EXPECT_TRUE(wait_for("/many/" + std::to_string(i))) << i;
  // Its mode was set after it was written, which sensor B tells of from a queue of its own: perhaps sooner.
  EXPECT_NE(sensor_of("/tmp/last"), "close_write");
  EXPECT_TRUE(wait_until_synced()) << boost::json::serialize(sync());
}

TEST_F(Moments, WhatTheMonitorHadNoDescriptorForIsFound) {
  // The record of a canary could take the loss that is waited for, and give it back before the drop.
  start(no_sweep, "upper_layer: off, canary: off");
  ASSERT_TRUE(wait_until_synced());
  const auto before = limit_descriptors(daemon_->part("monitor"), 1);
  ASSERT_TRUE(before);
  drop("/tmp/x");
  const bool is_lost = daemon_->wait_for_log("descriptor_limit", patience);
  ASSERT_TRUE(limit_descriptors(daemon_->part("monitor"), *before));
  ASSERT_TRUE(is_lost) << daemon_->log();
  EXPECT_EQ(sensor_of("/tmp/x"), "scan") << daemon_->log();
  EXPECT_TRUE(wait_until_synced()) << boost::json::serialize(sync());
}

TEST_F(Moments, WhatWasWrittenWhileTheMonitorWasDeadIsFoundAndNothingIsToldTwice) {
  drop("/tmp/first");
  start(no_sweep);
  ASSERT_TRUE(wait_for("/tmp/first")) << daemon_->log();
  ASSERT_TRUE(wait_until_synced());
  drop("/tmp/second");
  ASSERT_TRUE(wait_for("/tmp/second")) << daemon_->log();
  // What was told is committed within a moment.
  ::usleep(1'000'000);
  daemon_->send(SIGKILL);
  ASSERT_TRUE(test::wait_for([&] { return !daemon_->is_running(); }, patience));
  drop("/tmp/meanwhile");
  start(no_sweep);
  EXPECT_EQ(sensor_of("/tmp/meanwhile"), "scan") << daemon_->log();
  EXPECT_TRUE(wait_until_synced()) << boost::json::serialize(sync());
  EXPECT_THAT(daemon_->log(), HasSubstr("was_stopped"));
  EXPECT_FALSE(wait_for("/tmp/first", 0ms));
  EXPECT_FALSE(wait_for("/tmp/second", 0ms));
}

TEST_F(Moments, WhatALeaseHidIsFound) {
  start(no_sweep);
  ASSERT_TRUE(wait_until_synced());
  LeasedWriter writer(*daemon_, in_container("/tmp/leased"));
  EXPECT_TRUE(daemon_->wait_for_log("lease", patience)) << daemon_->log();
  EXPECT_EQ(sensor_of("/tmp/leased"), "scan") << daemon_->log();
  EXPECT_TRUE(writer.end());
}

TEST_F(Moments, WhatAScanHadToLeaveOutIsSaidAndScannedAgainWhenThatIsOver) {
  ASSERT_TRUE(run_in_child([&] {
    require(::chdir(overlay_->upper().c_str()) == 0, "chdir");
    for (int level = 0; level < 4200; ++level) require(::mkdir("d", 0755) == 0 && ::chdir("d") == 0, "mkdir");
  }));
  drop("/tmp/before");
  start(no_sweep);
  EXPECT_EQ(sensor_of("/tmp/before"), "scan");
  EXPECT_TRUE(wait_for_reason("scan_cut")) << daemon_->log();
  EXPECT_THAT(daemon_->log(), HasSubstr("too deep"));
  EXPECT_THAT(run_dropwarden({"containers", "--config", daemon_->configuration_file()}).output,
              HasSubstr("first_start scan_cut"));
  std::filesystem::rename(overlay_->upper() + "/d", path("away"));
  EXPECT_TRUE(wait_until_synced()) << daemon_->log();
}

TEST_F(Moments, ATreeThatChangesAllTheTimeIsScannedToItsEnd) {
  for (int i = 0; i < 50; ++i) {
    std::filesystem::create_directories(in_container("/tree/" + std::to_string(i) + "/a/b"));
    write_file(in_container("/tree/" + std::to_string(i) + "/a/b/file"),
               "#!/bin/sh\n# " + std::to_string(i) + "\n");
  }
  const std::string tree = overlay_->upper() + "/tree/";
  Child mover([&](Line& line) {
    line.tell();
    for (int i = 0;; i = (i + 1) % 50) {
      const std::string one = tree + std::to_string(i);
      ::rename((one + "/a").c_str(), (one + "/c").c_str());
      ::rename((one + "/c").c_str(), (one + "/a").c_str());
      ::usleep(1000);
    }
  });
  mover.line().hear();
  start("scan:\n  interval: 1s\n  entries_per_second: 5000\n");
  const auto has_name = [](const Record& record, const std::string& number) {
    return text_at(record, "/data/path").starts_with("/tree/" + number + "/");
  };
  for (int i = 0; i < 50; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_TRUE(
        daemon_->wait_for_record([&](const Record& record) { return has_name(record, number); }, patience))
        << number << daemon_->log();
  }
}

TEST_F(Moments, AContainerIsRemovedDuringALongScanWithoutAnyoneWaiting) {
  for (int i = 0; i < 2000; ++i) write_file(in_container("/tmp/" + std::to_string(i)), "text");
  start("scan:\n  entries_per_second: 200\n");
  ASSERT_TRUE(daemon_->wait_for_log("may hold what was written before", patience));
  const auto is_unmounted = [&] { return overlay_->unmount().has_value(); };
  EXPECT_TRUE(test::wait_for(is_unmounted, 2s)) << "containerd tries for 2.5 s";
  std::filesystem::remove_all(overlay_->upper());
  EXPECT_EQ(daemon_->stop().value, 0);
  EXPECT_EQ(daemon_->ledger()["balanced"], 1U);
}

}  // namespace
}  // namespace dropwarden::test
