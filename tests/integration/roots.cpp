// SPDX-License-Identifier: Apache-2.0
// Roots of containers other than the usual, and what runtimes themselves write.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sched.h>
#include <sys/mount.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coverage/program.hpp"
#include "runtime_test.hpp"
#include "support/archive.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/container_report.hpp"
#include "support/container_root.hpp"
#include "support/daemon.hpp"
#include "support/docker_like.hpp"
#include "support/file.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> idle{"sleep", "100000"};
constexpr auto bind = TestMount::Kind::bind;

class Roots : public RuntimeTest {
 protected:
  static void expect_drop(Daemon& daemon, const TestContainer& container, const std::string& path,
                          const std::string& place) {
    SCOPED_TRACE(path);
    const auto record = daemon.wait_for_record(final_of(container.id, path), 20s);
    ASSERT_TRUE(record) << daemon.log() << daemon.report();
    EXPECT_EQ(text_at(*record, "/event/file/mount"), place);
    EXPECT_EQ(text_at(*record, "/event/container/name"), container.name);
  }
  // Nor anything that an exception covers: this is about what a signature fires on.
  static void expect_nothing_found(Daemon& daemon) {
    EXPECT_TRUE(daemon.stop().is_success());
    std::cout << "findings " << daemon.records().size() << '\n';
    for (const auto& record : daemon.records()) std::cout << boost::json::serialize(record) << '\n';
    EXPECT_THAT(daemon.records(), IsEmpty());
    EXPECT_EQ(daemon.ledger()["excepted"], 0U);
  }
  // One that begins after this is called.
  static void wait_for_a_sweep(Daemon& daemon, const std::string& container) {
    const auto last_scan = [&] {
      const auto report = boost::json::parse(daemon.report());
      for (const auto& mount : mounts_of(report, container)) {
        const auto scan = text_at(mount, "/sync/scan");
        if (text_at(mount, "/mount") == "rootfs") return scan;
      }
      return std::string();
    };
    for (int sweep = 0; sweep < 2; ++sweep) {
      const auto before = last_scan();
      EXPECT_TRUE(wait_for([&] { return last_scan() != before; }, 30s)) << daemon.report();
    }
  }
};

// containerd's `native`, docker's and podman's `vfs`: a directory of the host, watched by the container's
// mount.
TEST_F(Roots, ThatAreNoOverlaysAreWatchedByTheMountOfTheContainer) {
  const auto plain = start_with_plain_roots();
  ScopedContainer container(*plain, idle, {{bind, make_directory(), "/data"}});
  Daemon daemon(make_directory(), {plain->socket()});
  container.execute("cat /bin/busybox > /tmp/x; cat /bin/busybox > /data/x; cat /bin/busybox > /dev/shm/x");
  expect_drop(daemon, *container, "/tmp/x", "rootfs");
  expect_drop(daemon, *container, "/data/x", "volume");
  expect_drop(daemon, *container, "/dev/shm/x", "tmpfs");
  const int init = daemon.init_of(container->id);
  write_file("/proc/" + std::to_string(init) + "/root/tmp/y", read_file("/bin/busybox"));
  expect_drop(daemon, *container, "/tmp/y", "rootfs");
  EXPECT_EQ(daemon.finding_ids(container->id).size(), 4U);
}

TEST_F(Roots, ThatAreReadOnlyLeaveAVolumeToWriteTo) {
  Daemon daemon(make_directory(), {runtime().socket()});
  const auto container = runtime().start_read_only("read-only", idle, {{bind, make_directory(), "/data"}});
  ASSERT_NE(daemon.init_of(container.id), 0);
  EXPECT_FALSE(runtime().execute(container, {"sh", "-c", "echo > /x"}).status.is_success());
  EXPECT_TRUE(wait_for(
      [&] {
        runtime().execute(container, {"sh", "-c", "cat /bin/busybox > /data/x"});
        return daemon.wait_for_record(final_of(container.id, "/data/x"), 1s).has_value();
      },
      20s))
      << daemon.log();
  expect_drop(daemon, container, "/data/x", "volume");
  runtime().remove(container);
}

// Its layers may never answer, so that it is not marked, wherever they lie; what is written there is for
// other sensors.
TEST_F(Roots, OfContainersInAContainerAreNamedAndNotMarked) {
  ScopedContainer container(runtime(), idle, {{bind, make_directory(), "/data"}});
  container.execute("mkdir /tmp/merged /tmp/memory /data/lower /data/upper /data/work");
  Daemon daemon(make_directory(), {runtime().socket()});
  const int init = daemon.init_of(container->id);
  ASSERT_NE(init, 0);
  Child inner([&](Line& line) {
    join_cgroups_of(init);
    join_mount_namespace(init);
    require(::unshare(CLONE_NEWNS) == 0, "unshare");
    require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    require(::mount("inner", "/tmp/merged", "overlay", 0,
                    "lowerdir=/data/lower,upperdir=/data/upper,workdir=/data/work") == 0,
            "mount");
    require(::mount("inner", "/tmp/memory", "tmpfs", 0, nullptr) == 0, "mount");
    line.tell("mounted");
    line.hear();
    write_file("/tmp/merged/x", "#!/bin/sh\n");
    write_file("/tmp/memory/x", "#!/bin/sh\n");
    line.tell("written");
    line.hear();
  });
  inner.line().hear();
  ASSERT_TRUE(wait_for([&] { return daemon.report().find("/tmp/memory") != std::string::npos; }, 20s));
  EXPECT_THAT(daemon.report(), HasSubstr("an overlay that the container mounted itself"));
  inner.line().tell();
  inner.line().hear();
  expect_drop(daemon, *container, "/tmp/memory/x", "tmpfs");
  for (const auto& record : daemon.records()) {
    const bool is_by_mark = text_at(record, "/detected_by") == "close_write";
    EXPECT_FALSE(is_by_mark && path_of(record) == "/tmp/merged/x");
  }
}

// A pull ends as a load does: layers are unpacked in overlays that last for a moment.
TEST_F(Roots, OfImagesThatAreLoadedAndStartedAreNoFindings) {
  Daemon daemon(make_directory(), {runtime().socket()});
  const std::string directory = make_directory();
  Archive layer;
  add_busybox(layer);
  layer.add_file("/opt/" + std::filesystem::path(directory).filename().string(), read_file("/bin/busybox"),
                 0755);
  write_image(directory,
              {.name = "localhost/dropwarden-loaded:1", .file_name = "loaded.tar", .command = {"sh"}},
              layer.bytes());
  runtime().load(directory + "/loaded.tar");
  {
    ScopedContainer container(runtime(), idle, {{bind, make_directory(), "/data"}});
  }
  expect_nothing_found(daemon);
}

// Of a container that runs: its kernel dumps core, a limit and a full file system refuse what is written,
// programs are hidden behind text, and objects, empty files and the image's own programs are handled. The
// memory of the volume is full before the first byte comes.
TEST_F(Roots, InWhichNothingNewIsExecutableAreNoFindings) {
  std::ifstream pattern("/proc/sys/kernel/core_pattern");
  std::string where;
  std::getline(pattern, where);
  const bool has_cores = !where.starts_with('|') && !where.starts_with('/');
  const std::string directory = make_directory();
  write_file(directory + "/object.o", make_object("noise"));
  ScopedContainer container(runtime(), idle, {{bind, directory, "/data"}});
  Daemon daemon(make_directory(), {runtime().socket()}, {}, "scan:\n  first_start: false\n  interval: 1s\n");
  ASSERT_NE(daemon.init_of(container->id), 0);
  container.execute(
      "cd /tmp; : > empty; chmod 755 empty; cat /data/object.o > object.o; cat /data/object.o > "
      "/dev/shm/object.o;"
      "for place in /tmp /data /dev/shm; do echo text > $place/behind; cat /bin/busybox >> $place/behind; "
      "done;"
      "(ulimit -f 0; trap '' XFSZ; cat /bin/busybox > refused) 2> /dev/null;"
      "dd if=/dev/zero of=/dev/shm/full bs=1M 2> /dev/null; cat /bin/busybox > /dev/shm/none 2> /dev/null;"
      "cat /bin/busybox /opt/* > /dev/null; chmod 0711 /bin/busybox; touch /opt/*; /bin/busybox true; rm "
      "/dev/shm/full");
  if (has_cores) {
    container.execute("cd /tmp; ulimit -c unlimited; sh -c 'kill -SEGV $$' || true; ls core* > /dev/null");
  } else {
    std::cout << "SKIP kernel: cores go to " << where << '\n';
  }
  // What comes after has been told after it, and looked at in a sweep.
  container.execute("echo '#!/bin/sh' > /tmp/end");
  expect_drop(daemon, *container, "/tmp/end", "rootfs");
  wait_for_a_sweep(daemon, container->id);
  ASSERT_TRUE(daemon.stop().is_success());
  EXPECT_EQ(daemon.finding_ids(container->id).size(), 1U);
  EXPECT_EQ(daemon.ledger()["excepted"], 0U) << "the shipped exceptions hide nothing here";
}

// The classic builder runs each RUN in a container, and what that writes is written in a running container.
// What COPY brings, dockerd writes into an overlay of no container.
TEST_F(Roots, OfImagesThatAreBuiltAreFindingsOfTheContainersThatRanTheirCommandsOrOfNone) {
  auto* docker = dynamic_cast<DockerLike*>(&runtime());
  if (docker == nullptr || docker->name() != "docker") {
    std::cout << "not tried: " << runtime().name() << " has no classic builder\n";
    return;
  }
  Daemon daemon(make_directory(), {docker->socket()});
  const std::string directory = make_directory();
  std::filesystem::copy_file("/bin/busybox", directory + "/copied");
  write_file(directory + "/Dockerfile", "FROM " + images().busybox.name +
                                            "\nCOPY copied /copied\nRUN echo text > /text\n"
                                            "RUN cp /bin/busybox /built\n");
  docker->build(directory, "localhost/dropwarden-built:1");
  const auto built =
      daemon.wait_for_record([](const Record& record) { return path_of(record) == "/built"; }, 20s);
  EXPECT_TRUE(built) << daemon.log();
  EXPECT_TRUE(daemon.stop().is_success());
  for (const auto& record : daemon.records()) {
    SCOPED_TRACE(boost::json::serialize(record));
    std::cout << path_of(record) << " in container '" << container_of(record) << "'\n";
    const bool is_run = path_of(record) == "/built";
    EXPECT_THAT(path_of(record), AnyOf("/built", "/copied"));
    EXPECT_EQ(container_of(record).empty(), !is_run);
  }
}

}  // namespace
}  // namespace dropwarden::test
