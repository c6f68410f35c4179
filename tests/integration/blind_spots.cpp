// SPDX-License-Identifier: Apache-2.0
// What a sensor cannot be put on, or loses: a scan finds it, and the mount says why it was looked through.
#include <csignal>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "moments.hpp"

namespace dropwarden::test {
namespace {

class BlindSpots : public Moments {};

// The mount table has the overlay, its path leads to what covers it, and no process is known to reach it by.
TEST_F(BlindSpots, AnOverlayThatIsCoveredIsLookedThroughFromTheHost) {
  require(::mount("cover", overlay_->merged().c_str(), "tmpfs", 0, "size=1m") == 0, "mount");
  const std::string file = overlay_->upper() + "/covered";
  start("scan:\n  interval: 1s\n", "upper_layer: off");
  EXPECT_TRUE(daemon_->wait_for_log("mark_failed", patience)) << daemon_->log();
  std::filesystem::copy_file("/bin/busybox", file);
  EXPECT_EQ(sensor_of("/covered"), "scan") << daemon_->log();
  require(::umount(overlay_->merged().c_str()) == 0, "umount");
  EXPECT_TRUE(test::wait_for(
      [&] {
        drop("/tmp/marked");
        return wait_for("/tmp/marked", 1s).has_value();
      },
      patience))
      << daemon_->log();
}

// Only the queue of the file system's mark fills up: the mark on the overlay knows no modes.
TEST_F(BlindSpots, WhatTheKernelDroppedOfTheLayersFileSystemIsFound) {
  constexpr int files = 20'000;  // fs.fanotify.max_queued_events is 16384
  require(::mount(nullptr, path("").c_str(), nullptr, MS_REMOUNT, "size=256m") == 0, "mount");
  std::filesystem::create_directory(in_container("/many"));
  for (int i = 0; i < files; ++i)
    write_file(in_container("/many/" + std::to_string(i)), "echo " + std::to_string(i) + "\n");
  start(no_sweep);
  ASSERT_TRUE(wait_until_synced());
  daemon_->send("monitor", SIGSTOP);
  for (int i = 0; i < files; ++i)
    require(::chmod(in_container("/many/" + std::to_string(i)).c_str(), 0644) == 0, "chmod");
  for (int i = 0; i < files; i += 1000)
    require(::chmod(in_container("/many/" + std::to_string(i)).c_str(), 0755) == 0, "chmod");
  daemon_->send("monitor", SIGCONT);
  if (!daemon_->wait_for_log("queue_overflow", patience)) GTEST_SKIP() << "SKIP kernel: no events of names";
  for (int i = 0; i < files; i += 1000) EXPECT_TRUE(wait_for("/many/" + std::to_string(i))) << i;
  EXPECT_TRUE(wait_until_synced()) << boost::json::serialize(sync());
}

// Docker in docker: its overlays are of a mount namespace that nobody marks, and their upper directories lie
// in a layer of the outer container.
TEST_F(BlindSpots, AnOverlayInsideAContainerIsFoundByTheSweep) {
  start("scan:\n  interval: 1s\n", "upper_layer: off");
  ASSERT_TRUE(wait_until_synced());
  // An overlay takes no upper directory on an overlay: where the layers are, there it lies in the end.
  const std::string nested = overlay_->upper() + "/nested";
  ASSERT_TRUE(run_in_child([&] {
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    std::filesystem::create_directory(nested);
    const TestOverlay inner(nested);
    std::filesystem::copy_file("/bin/busybox", inner.merged() + "/inner");
    ::usleep(2'000'000);
  }));
  const auto record = daemon_->wait_for_record(
      [](const Record& one) { return text_at(one, "/data/path").ends_with("/inner"); }, patience);
  ASSERT_TRUE(record) << daemon_->log();
  EXPECT_EQ(text_at(*record, "/data/path"), "/nested/upper/inner");
  EXPECT_EQ(text_at(*record, "/detected_by"), "scan");
}

}  // namespace
}  // namespace dropwarden::test
