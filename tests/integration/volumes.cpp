// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>
#include <sys/mount.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_test.hpp"
#include "support/child.hpp"
#include "support/container_report.hpp"
#include "support/daemon.hpp"
#include "support/file.hpp"
#include "support/leased_writer.hpp"
#include "support/sha256.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

const std::vector<std::string> idle{"sleep", "100000"};
constexpr auto bind = TestMount::Kind::bind;

class Volumes : public RuntimeTest {
 protected:
  void TearDown() override {
    for (const auto& point : tmpfs_) ::umount2(point.c_str(), MNT_DETACH);
  }

  // A tmpfs of the host, where the kubelet keeps an emptyDir of medium Memory.
  std::string make_memory_volume() {
    const std::string point = make_directory() + "/volumes/kubernetes.io~empty-dir/cache";
    std::filesystem::create_directories(point);
    require(::mount("tmpfs", point.c_str(), "tmpfs", 0, "size=16m") == 0, "mount");
    tmpfs_.push_back(point);
    return point;
  }

  // Copies busybox to `path` in the container and expects one finding of it, there.
  static void expect_drop(Daemon& daemon, ScopedContainer& container, const std::string& path,
                          const std::string& place) {
    SCOPED_TRACE(path);
    container.execute("cat /bin/busybox > " + path);
    const auto record = daemon.wait_for_record(final_of(container->id, path), 20s);
    ASSERT_TRUE(record) << daemon.log() << report(daemon);
    SCOPED_TRACE(boost::json::serialize(*record));
    EXPECT_EQ(text_at(*record, "/event/file/mount"), place);
    EXPECT_EQ(text_at(*record, "/event/file/origin"), "unknown");
    EXPECT_EQ(text_at(*record, "/event/file/sha256/value"), sha256(read_file("/bin/busybox")));
    EXPECT_EQ(text_at(*record, "/event/container/name"), container->name);
  }

  // Events come in their order: when this drop was seen, all before it have been handled.
  static void mark_end(Daemon& daemon, ScopedContainer& container) {
    container.execute("cp /bin/busybox /tmp/end");
    ASSERT_TRUE(daemon.wait_for_record(final_of(container->id, "/tmp/end"), 20s)) << daemon.log();
  }

  static std::string report(Daemon& daemon) {
    return run_dropwarden({"containers", "--json", "--config", daemon.configuration_file()}).output;
  }
  // A mount of a container in the daemon's report; null when it is not there.
  static boost::json::value reported_mount(Daemon& daemon, const ScopedContainer& container,
                                           const std::string& path) {
    const auto parsed = boost::json::parse(report(daemon));
    for (const auto& mount : mounts_of(parsed, container->id)) {
      if (text_at(mount, "/path") == path) return mount;
    }
    return nullptr;
  }

 private:
  std::vector<std::string> tmpfs_;
};

TEST_F(Volumes, OfEachKindAreWatchedByThePathThatTheContainerHas) {
  const std::string data = make_directory();
  std::vector<TestMount> mounts{{bind, data, "/data"}, {bind, make_memory_volume(), "/cache"}};
  const bool has_more = runtime().name() != "containerd";
  if (has_more) {
    mounts.push_back({TestMount::Kind::named_volume, "named", "/named"});
    mounts.push_back({TestMount::Kind::tmpfs, "", "/scratch"});
  }
  ScopedContainer container(runtime(), idle, mounts);
  Daemon daemon(make_directory(), {runtime().socket()});
  expect_drop(daemon, container, "/data/x", "volume");
  expect_drop(daemon, container, "/cache/x", "tmpfs");
  expect_drop(daemon, container, "/dev/shm/x", "tmpfs");
  expect_drop(daemon, container, "/dev/x", "tmpfs");
  expect_drop(daemon, container, "/etc/hosts", "volume");
  if (has_more) {
    expect_drop(daemon, container, "/named/x", "volume");
    expect_drop(daemon, container, "/scratch/x", "tmpfs");
  }
  mark_end(daemon, container);
  EXPECT_THAT(daemon.finding_ids(container->id), SizeIs(has_more ? 8 : 6));
}

TEST_F(Volumes, OfAContainerThatStartsLaterAreWatchedToo) {
  Daemon daemon(make_directory(), {runtime().socket()});
  ScopedContainer container(runtime(), idle, {{bind, make_directory(), "/data"}});
  ASSERT_TRUE(wait_for(
      [&] { return text_at(reported_mount(daemon, container, "/data"), "/sensor") == "close_write"; }, 20s))
      << report(daemon) << daemon.log();
  expect_drop(daemon, container, "/data/x", "volume");
  expect_drop(daemon, container, "/dev/shm/x", "tmpfs");
}

// The first process is found in /proc while the runtime still prepares it; if that comes too late, it is
// counted.
TEST_F(Volumes, AreWatchedFromTheFirstInstructionOrTheLossIsCounted) {
  Daemon daemon(make_directory(), {runtime().socket()});
  const std::string script = "cat /bin/busybox > /data/first; cp /bin/busybox /tmp/end; sleep 100000; :";
  ScopedContainer container(runtime(), {"sh", "-c", script}, {{bind, make_directory(), "/data"}});
  ASSERT_TRUE(daemon.wait_for_record(final_of(container->id, "/tmp/end"), 20s)) << daemon.log();
  ASSERT_TRUE(wait_for(
      [&] { return text_at(reported_mount(daemon, container, "/data"), "/sensor") == "close_write"; }, 20s))
      << report(daemon);
  const bool is_late = text_at(reported_mount(daemon, container, "/data"), "/late") == "true";
  std::cout << "marked " << (is_late ? "after" : "before") << " the first instruction\n";
  // What was written before a late mark is found by a scan.
  EXPECT_TRUE(daemon.wait_for_record(drop_of(container->id, "/data/first"), is_late ? 20s : 0s))
      << daemon.log();
  EXPECT_TRUE(daemon.stop().is_success());
  EXPECT_EQ(daemon.ledger()["lost_marked_late"] != 0, is_late) << daemon.log();
}

TEST_F(Volumes, AreWatchedWhereNoRuntimeIsConfigured) {
  ScopedContainer container(runtime(), idle, {{bind, make_directory(), "/data"}});
  Daemon daemon(make_directory(), {});
  container.execute("cat /bin/busybox > /data/x; cat /bin/busybox > /dev/shm/x");
  for (const char* path : {"/data/x", "/dev/shm/x"}) {
    EXPECT_TRUE(daemon.wait_for_record(final_of(container->id, path), 20s)) << path << report(daemon);
  }
}

TEST_F(Volumes, ThatTwoContainersShareAreToldApartByTheirMounts) {
  const std::string data = make_directory();
  const std::string memory = make_memory_volume();
  ScopedContainer first(runtime(), idle, {{bind, data, "/first"}, {bind, memory, "/cache"}});
  ScopedContainer second(runtime(), idle, {{bind, data, "/second"}, {bind, memory, "/cache"}});
  Daemon daemon(make_directory(), {runtime().socket()});
  expect_drop(daemon, first, "/first/x", "volume");
  expect_drop(daemon, second, "/second/y", "volume");
  expect_drop(daemon, first, "/cache/x", "tmpfs");
  expect_drop(daemon, second, "/cache/y", "tmpfs");
  mark_end(daemon, first);
  mark_end(daemon, second);
  EXPECT_THAT(daemon.finding_ids(first->id), SizeIs(3));
  EXPECT_THAT(daemon.finding_ids(second->id), SizeIs(3));
}

TEST_F(Volumes, AreNobodysWhereTheHostWritesPastTheContainer) {
  const std::string data = make_directory();
  const std::string memory = make_memory_volume();
  ScopedContainer container(runtime(), idle, {{bind, data, "/data"}, {bind, memory, "/cache"}});
  // A sweep finds them, and so does the mark on the file system of the upper layers.
  Daemon daemon(make_directory(), {runtime().socket()}, {},
                "watch:\n  upper_layer: \"off\"\nscan:\n  first_start: false\n  sweep: false\n");
  for (const auto& directory : {data, memory}) {
    std::filesystem::copy_file("/bin/busybox", directory + "/from-the-host");
  }
  std::filesystem::copy_file("/bin/busybox", make_directory() + "/elsewhere");
  mark_end(daemon, container);
  EXPECT_THAT(daemon.finding_ids(container->id), SizeIs(1)) << "the one for /tmp/end";
  for (const auto& record : daemon.records()) {
    EXPECT_EQ(text_at(record, "/data/path").find("from-the-host"), std::string::npos)
        << boost::json::serialize(record);
    EXPECT_EQ(text_at(record, "/data/path").find("elsewhere"), std::string::npos);
  }
  EXPECT_TRUE(daemon.stop().is_success());
  EXPECT_EQ(daemon.ledger()["outside_containers"], 1U) << "of the memory, which is marked as a whole";
}

TEST_F(Volumes, AreEachNamedWithTheirSensorOrTheReasonWhyThereIsNone) {
  const std::string data = make_directory();
  ScopedContainer container(runtime(), idle, {{bind, data, "/data"}, {bind, data, "/fixed", true}});
  Daemon daemon(make_directory(), {runtime().socket()});
  const auto volume = reported_mount(daemon, container, "/data");
  EXPECT_EQ(text_at(volume, "/mount"), "volume") << report(daemon);
  EXPECT_EQ(text_at(volume, "/mark"), "mount");
  const auto memory = reported_mount(daemon, container, "/dev/shm");
  EXPECT_EQ(text_at(memory, "/mount"), "tmpfs") << report(daemon);
  EXPECT_EQ(text_at(memory, "/mark"), "file_system");
  EXPECT_EQ(text_at(reported_mount(daemon, container, "/"), "/mount"), "rootfs");
  EXPECT_THAT(text_at(reported_mount(daemon, container, "/fixed"), "/problem"), HasSubstr("read-only"));
  EXPECT_THAT(text_at(reported_mount(daemon, container, "/proc"), "/problem"),
              HasSubstr("pseudo file system"));
  const auto text = run_dropwarden({"containers", "--config", daemon.configuration_file()}).output;
  EXPECT_THAT(text, HasSubstr("volume /data ("));
  EXPECT_THAT(text, HasSubstr("by mount)"));
}

// Larger than what is hashed on the spot, so that the file is opened again on the host.
TEST_F(Volumes, HaveTheirLargeFilesHashed) {
  const std::string data = make_directory();
  ScopedContainer container(runtime(), idle, {{bind, data, "/data"}});
  // Which would tell of it half written.
  Daemon daemon(make_directory(), {runtime().socket()}, {}, "scan:\n  first_start: false\n");
  container.execute("mkdir /data/sub; (cat /bin/busybox; head -c 100000000 /dev/zero) > /data/sub/large");
  const auto record = daemon.wait_for_record(final_of(container->id, "/data/sub/large"), 20s);
  ASSERT_TRUE(record) << daemon.log();
  EXPECT_EQ(text_at(*record, "/event/file/sha256/status"), "done");
}

TEST_F(Volumes, AreScannedForWhatTheirContainerWroteBeforeTheMonitorRan) {
  const std::string data = make_directory();
  std::filesystem::copy_file("/bin/busybox", data + "/of-the-host");
  // Of before the container, by clocks of any fineness.
  std::this_thread::sleep_for(2500ms);
  ScopedContainer container(runtime(), idle, {{bind, data, "/data"}});
  container.execute("cat /bin/busybox > /data/x; cat /bin/busybox > /dev/shm/x");
  Daemon daemon(make_directory(), {runtime().socket()});
  for (const auto* path : {"/data/x", "/dev/shm/x"}) {
    const auto record = daemon.wait_for_record(final_of(container->id, path), 20s);
    ASSERT_TRUE(record) << path << daemon.log();
    EXPECT_EQ(text_at(*record, "/detected_by"), "scan");
  }
  mark_end(daemon, container);
  EXPECT_THAT(daemon.finding_ids(container->id), SizeIs(3)) << "and not what the host has put there before";
}

// The scan meets the same lease as the event did, and the container is another one when it gets through.
TEST_F(Volumes, AreScannedForWhatAContainerWroteThatTheirNextOneFollows) {
  const std::string data = make_directory();
  Daemon daemon(make_directory(), {runtime().socket()});
  std::optional<ScopedContainer> first(std::in_place, runtime(), idle,
                                       std::vector<TestMount>{{bind, data, "/data"}});
  const int init = daemon.init_of((*first)->id);
  ASSERT_NE(init, 0) << daemon.log();
  const auto is_marked = [&] {
    return text_at(reported_mount(daemon, *first, "/data"), "/sensor") == "close_write";
  };
  ASSERT_TRUE(wait_for(is_marked, 20s)) << report(daemon);
  LeasedWriter writer(daemon, "/proc/" + std::to_string(init) + "/root/data/leased");
  EXPECT_TRUE(daemon.wait_for_log("lease", 20s)) << daemon.log();
  // Of before the next container, by clocks of any fineness.
  std::this_thread::sleep_for(2500ms);
  first.reset();
  const ScopedContainer second(runtime(), idle, {{bind, data, "/data"}});
  EXPECT_TRUE(writer.end());
  const auto is_drop = [](const Record& record) { return path_of(record) == "/data/leased"; };
  const auto record = daemon.wait_for_record(is_drop, 60s);
  ASSERT_TRUE(record) << daemon.log() << report(daemon);
  EXPECT_EQ(text_at(*record, "/detected_by"), "scan");
}

TEST_F(Volumes, ThatContainersShareAreScannedOnceAndNothingIsToldTwice) {
  const std::string data = make_directory();
  ScopedContainer one(runtime(), idle, {{bind, data, "/data"}});
  ScopedContainer other(runtime(), idle, {{bind, data, "/data"}});
  one.execute("cat /bin/busybox > /data/before");
  Daemon daemon(make_directory(), {runtime().socket()}, {}, "scan:\n  interval: 1s\n");
  const auto is_before = [](const Record& record) { return path_of(record) == "/data/before"; };
  ASSERT_TRUE(daemon.wait_for_record(is_before, 20s)) << daemon.log();
  one.execute("cat /bin/true > /data/one");
  other.execute("cat /bin/true > /data/other");
  ASSERT_TRUE(daemon.wait_for_record(final_of(one->id, "/data/one"), 20s)) << daemon.log();
  ASSERT_TRUE(daemon.wait_for_record(final_of(other->id, "/data/other"), 20s)) << daemon.log();
  // Sweeps come by.
  std::this_thread::sleep_for(3s);
  std::set<std::string> ids = daemon.finding_ids(one->id);
  ids.merge(daemon.finding_ids(other->id));
  EXPECT_THAT(ids, SizeIs(3)) << daemon.log();
}

TEST_F(Volumes, CanBeUnmountedDuringALongScan) {
  const std::string memory = make_memory_volume();
  for (int i = 0; i < 2000; ++i) write_file(memory + "/" + std::to_string(i), "text");
  std::unique_ptr<Daemon> daemon;
  {
    ScopedContainer container(runtime(), idle, {{bind, memory, "/cache"}});
    daemon = std::make_unique<Daemon>(make_directory(), std::vector<RuntimeSocket>{runtime().socket()},
                                      std::vector<std::string>{}, "scan:\n  entries_per_second: 100\n");
    ASSERT_TRUE(daemon->wait_for_log("may hold what was written before", 20s));
  }
  EXPECT_TRUE(wait_for([&] { return ::umount2(memory.c_str(), 0) == 0; }, 2s)) << "the volume is still held";
}

// A runtime unmounts what it mounted for the container: a descriptor that is held too long would be in its
// way.
TEST_F(Volumes, AreNoneTheRemovalOfTheirContainerFailsFor) {
  Daemon daemon(make_directory(), {runtime().socket()});
  const std::string write =
      "while :; do for d in /data /cache /dev/shm /dev; do cp /bin/busybox $d/x; done; usleep 1000; done";
  for (int round = 0; round < 5; ++round) {
    const std::string memory = make_memory_volume();
    std::string id;
    {
      ScopedContainer container(runtime(), {"sh", "-c", write},
                                {{bind, make_directory(), "/data"}, {bind, memory, "/cache"}});
      id = container->id;
      const auto is_in_volume = [&](const Record& record) {
        return container_of(record) == id && text_at(record, "/event/file/mount") == "volume";
      };
      EXPECT_TRUE(daemon.wait_for_record(is_in_volume, 20s)) << daemon.log();
    }
    EXPECT_EQ(::umount2(memory.c_str(), 0), 0) << "the volume is still held";
  }
  EXPECT_TRUE(daemon.stop().is_success());
  EXPECT_EQ(daemon.ledger()["balanced"], 1U) << daemon.log();
}

}  // namespace
}  // namespace dropwarden::test
