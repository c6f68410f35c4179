// SPDX-License-Identifier: Apache-2.0
// Where a container can write beside what it was started with.
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/container_report.hpp"
#include "support/container_root.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

const std::vector<std::string> idle{"sleep", "100000"};
constexpr auto bind = TestMount::Kind::bind;

// A container with a volume at /data, and directories at /tmp/a and /tmp/b.
class Places : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    if (IsSkipped()) return;
    container_ = std::make_unique<ScopedContainer>(runtime(), idle,
                                                   std::vector<TestMount>{{bind, make_directory(), "/data"}});
    container_->execute("mkdir /tmp/a /tmp/b");
    daemon_ = std::make_unique<Daemon>(make_directory(), std::vector<RuntimeSocket>{runtime().socket()});
    init_ = daemon_->init_of(container()->id);
    ASSERT_NE(init_, 0) << daemon_->log();
  }

  ScopedContainer& container() { return *container_; }

  // Its paths are the container's, and it may mount there, which the container's own processes may not.
  void enter() const { join_mount_namespace(init_); }

  // The mount at `path` in the daemon's report, once it is watched.
  boost::json::value watched(const std::string& path, bool is_nested = false) {
    boost::json::value found;
    wait_for(
        [&] {
          const auto parsed = boost::json::parse(daemon_->report());
          for (const auto& mount : mounts_of(parsed, container()->id)) {
            const bool is_it = text_at(mount, "/path") == path &&
                               text_at(mount, "/sensor") == "close_write" &&
                               mount.at("nested").as_bool() == is_nested;
            if (is_it) found = mount;
          }
          return !found.is_null();
        },
        20s);
    EXPECT_FALSE(found.is_null()) << path << daemon_->report() << daemon_->log();
    return found;
  }

  void expect_drop(const std::string& path, const std::string& place) {
    SCOPED_TRACE(path);
    const auto record = daemon_->wait_for_record(final_of(container()->id, path), 20s);
    ASSERT_TRUE(record) << daemon_->log() << daemon_->report();
    EXPECT_EQ(text_at(*record, "/event/file/mount"), place);
    EXPECT_EQ(text_at(*record, "/event/container/name"), container()->name);
  }

  std::unique_ptr<ScopedContainer> container_;
  std::unique_ptr<Daemon> daemon_;
  int init_ = 0;
};

TEST_F(Places, ThatAreMountedLaterAreWatchedFromThenOnAndTheirLossIsCounted) {
  watched("/data");
  const auto busybox = read_file("/bin/busybox");
  Child mounter([&](Line&) {
    enter();
    require(::mount("later", "/tmp/a", "tmpfs", 0, "size=16m") == 0, "mount");
    require(::mount("/data", "/tmp/b", "", MS_BIND, nullptr) == 0, "mount");
    // Perhaps before it is marked: then a scan finds it.
    write_file("/tmp/a/at-once", busybox);
  });
  ASSERT_TRUE(mounter.wait());
  EXPECT_EQ(text_at(watched("/tmp/a"), "/late"), "true");
  EXPECT_EQ(text_at(watched("/tmp/b"), "/late"), "true");
  container().execute("cat /bin/busybox > /tmp/a/x; cat /bin/busybox > /tmp/b/x; cat /bin/busybox > /data/y");
  expect_drop("/tmp/a/at-once", "tmpfs");
  expect_drop("/tmp/a/x", "tmpfs");
  expect_drop("/tmp/b/x", "volume");
  expect_drop("/data/y", "volume");
  EXPECT_EQ(daemon_->finding_ids(container()->id).size(), 4U);
  EXPECT_TRUE(daemon_->stop().is_success());
  EXPECT_NE(daemon_->ledger()["lost_marked_late"], 0U);
}

// From outside: a process of another container and one of the host through /proc/PID/root, and `docker cp`,
// which shows itself the container's volumes by mounts of its own. Whoever writes, the container is the one
// that has it.
TEST_F(Places, ThatOthersReachIntoAreTheContainersThatHaveThem) {
  watched("/data");
  const auto busybox = read_file("/bin/busybox");
  const std::string root = "/proc/" + std::to_string(init_) + "/root";
  ScopedContainer other(runtime(), idle);
  const int other_init = daemon_->init_of(other->id);
  ASSERT_NE(other_init, 0);
  ASSERT_TRUE(run_in_child([&] {
    join_cgroups_of(other_init);
    for (const char* path : {"/data/other", "/tmp/other", "/dev/shm/other"})
      write_file(root + path, busybox + path);
  }));
  for (const char* path : {"/data/host", "/dev/shm/host"}) write_file(root + path, busybox + path);
  expect_drop("/data/other", "volume");
  expect_drop("/tmp/other", "rootfs");
  expect_drop("/dev/shm/other", "tmpfs");
  expect_drop("/data/host", "volume");
  expect_drop("/dev/shm/host", "tmpfs");
  const auto file = make_directory() + "/copied";
  write_file(file, busybox + "copied");
  copy_into(*container(), init_, file, "/data");
  expect_drop("/data/copied", "volume");
}

TEST_F(Places, ThatAreMountedAgainAreWatchedAgain) {
  for (int round = 0; round < 3; ++round) {
    Child mounter([&](Line& line) {
      enter();
      require(::mount("again", "/tmp/a", "tmpfs", 0, "size=16m") == 0, "mount");
      line.tell("mounted");
      line.hear();
      require(::umount2("/tmp/a", MNT_DETACH) == 0, "umount");
    });
    mounter.line().hear();
    watched("/tmp/a");
    const std::string path = "/tmp/a/" + std::to_string(round);
    // The report may still be of the last one, which had the same numbers.
    ASSERT_TRUE(wait_for(
        [&] {
          container().execute("cat /bin/busybox > " + path);
          return daemon_->wait_for_record(final_of(container()->id, path), 1s).has_value();
        },
        20s))
        << daemon_->log();
    mounter.line().tell();
    ASSERT_TRUE(mounter.wait());
  }
}

// As `unshare --mount` in a container that may: its volume is another mount there.
TEST_F(Places, InMountNamespacesThatTheContainerMadeAreWatchedOnceTheyAreFound) {
  const auto busybox = read_file("/bin/busybox");
  Child process([&](Line& line) {
    join_cgroups_of(init_);
    enter();
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    require(::mount("own", "/tmp/a", "tmpfs", 0, "size=16m") == 0, "mount");
    line.tell("there");
    line.hear();
    for (const char* path : {"/data/x", "/tmp/a/x", "/dev/shm/x", "/tmp/x"}) write_file(path, busybox);
    line.tell("written");
    line.hear();
  });
  process.line().hear();
  const auto volume = watched("/data", true);
  EXPECT_EQ(text_at(volume, "/pid"), std::to_string(process.pid()));
  EXPECT_EQ(text_at(volume, "/late"), "true");
  watched("/tmp/a", true);
  process.line().tell("write");
  process.line().hear();
  expect_drop("/data/x", "volume");
  expect_drop("/tmp/a/x", "tmpfs");
  expect_drop("/dev/shm/x", "tmpfs");
  expect_drop("/tmp/x", "rootfs");
  process.line().tell();
  ASSERT_TRUE(process.wait());
  // What it showed is gone with it, and nothing else is.
  EXPECT_TRUE(wait_for([&] { return daemon_->report().find("\"nested\":true") == std::string::npos; }, 20s))
      << daemon_->report();
  container().execute("cat /bin/busybox > /data/y");
  expect_drop("/data/y", "volume");
}

// What executes a program in a namespace of its own is seen there by that. Without it, one of these would end
// before it is found.
TEST_F(Places, InMountNamespacesThatLiveForAMomentAreWatchedFromTheFirstExecution) {
  for (int round = 0; round < 4; ++round) {
    const std::string path = "/data/" + std::to_string(round);
    Child process([&](Line&) {
      join_cgroups_of(init_);
      enter();
      require(::unshare(CLONE_NEWNS) == 0, "unshare");
      const std::string script = "sleep 0.4; cat /bin/busybox > " + path + "; :";
      ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
      require(false, "execl");
    });
    ASSERT_TRUE(process.wait());
    expect_drop(path, "volume");
  }
}

}  // namespace
}  // namespace dropwarden::test
