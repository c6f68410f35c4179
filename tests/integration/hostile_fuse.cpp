// SPDX-License-Identifier: Apache-2.0
// File systems that a program of the container serves, and overlays with such a layer, when that program does
// not answer any more: whoever asks for anything then waits, in a state in which nothing ends it.
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coverage/acting.hpp"
#include "coverage/program.hpp"
#include "hostile_test.hpp"
#include "support/command.hpp"
#include "support/container_root.hpp"
#include "support/fuse_server.hpp"
#include "support/user_namespace.hpp"
#include "support/wait.hpp"

namespace dropwarden::test {
namespace {

using testing::HasSubstr;

void mount(const std::string& source, const std::string& target, const char* type,
           const std::string& options) {
  require(::mount(source.c_str(), target.c_str(), type, 0, options.c_str()) == 0, "mount");
}

// An overlay of which the lowest layer is the FUSE file system on `fuse`; the others lie in a tmpfs.
void mount_overlay_over(const std::string& fuse, const std::string& directory) {
  namespace fs = std::filesystem;
  fs::create_directory(directory);
  mount("layers", directory, "tmpfs", "");
  for (const char* name : {"/upper", "/work", "/merged"}) fs::create_directory(directory + name);
  mount("overlay", directory + "/merged", "overlay",
        fmt::format("lowerdir={0},upperdir={1}/upper,workdir={1}/work", fuse, directory));
}

class HostileFuse : public HostileTest {
 protected:
  void SetUp() override {
    if (!FuseServer::missing().empty()) GTEST_SKIP() << FuseServer::missing();
    HostileTest::SetUp();
    if (!IsSkipped()) server_ = std::make_unique<FuseServer>(make_program("tool"));
  }
  void TearDown() override {
    HostileTest::TearDown();
    box_.reset();
    server_.reset();
  }

  // All that looks at mounts has had its turn.
  void expect_nobody_waits() {
    expect_well();
    const auto scan = run_dropwarden({"scan", box_->id()});
    EXPECT_FALSE(scan.status.by_signal) << scan.status.text();
    for (int i = 0; i < 3; ++i) {
      ::usleep(1'100'000);  // a sweep comes by each second
      expect_well();
    }
  }

  std::string problem_of(const std::string& path) const {
    const auto report = daemon_->report();
    const auto at = report.find("\"" + path + "\"");
    return at == std::string::npos ? "" : report.substr(at, 400);
  }

  std::unique_ptr<FuseServer> server_;
};

const std::string often = "scan:\n  interval: 1s\n";

TEST_F(HostileFuse, ThatNobodyServesHoldsNobody) {
  server_->hang();
  start(often);
  box_->run([this] { server_->mount("/mnt"); });
  ASSERT_TRUE(wait_for([&] { return problem_of("/mnt").find("FUSE") != std::string::npos; }, 20s))
      << daemon_->report();
  expect_nobody_waits();
}

TEST_F(HostileFuse, ThatIsMountedOverAPlaceThatIsWatchedHoldsNobody) {
  start(often);
  box_->run([this] {
    drop("/dev/shm/before");
    server_->mount("/dev/shm");
  });
  server_->hang();
  expect_nobody_waits();
}

// Of those, the last is no FUSE file system, nor lies it in one; but the way to it leads there.
TEST_F(HostileFuse, UnderMoreMountsThanAreLookedThroughHoldsNobody) {
  start(often);
  ::kill(-daemon_->pid(), SIGSTOP);
  box_->run([this] {
    put("/named/file", "no program");
    server_->mount("/mnt");
    for (int i = 0; i < 100; ++i)
      require(::mount("/named/file", "/mnt/tool", nullptr, MS_BIND, nullptr) == 0, "mount");
  });
  server_->hang();
  ::kill(-daemon_->pid(), SIGCONT);
  const auto is_told = [this] { return daemon_->report().find("it lies in /mnt (") != std::string::npos; };
  EXPECT_TRUE(wait_for(is_told, 20s)) << daemon_->report();
  expect_nobody_waits();
  EXPECT_EQ(server_->held(), 0U) << "somebody has asked";
}

// The mount below it is of a kind that is watched, and was made by who had hold of its directory before.
TEST_F(HostileFuse, OverADirectoryAboveAPlaceThatIsWatchedHoldsNobody) {
  start(often);
  server_->hang();
  box_->run([this] {
    std::filesystem::create_directories("/tmp/a/b");
    const sys::Fd held(::open("/tmp/a/b", O_PATH | O_DIRECTORY | O_CLOEXEC));
    server_->mount("/tmp/a");
    mount("hidden", fmt::format("/proc/self/fd/{}", held.number()), "tmpfs", "");
  });
  ASSERT_TRUE(wait_for([&] { return problem_of("/tmp/a/b").find("lies over it") != std::string::npos; }, 20s))
      << daemon_->report();
  expect_nobody_waits();
}

TEST_F(HostileFuse, UnderAnOverlayOfTheContainersHoldsNobody) {
  start(often);
  box_->run([this] {
    server_->mount("/mnt");
    mount_overlay_over("/mnt", "/c/own");
    drop("/c/own/merged/x");
    put("/c/own/merged/tool", make_program("copied up"));
    execute({"/c/own/merged/tool"});
    ::unlink("/c/own/merged/tool");
  });
  server_->hang();
  box_->run([] {
    const pid_t child = ::fork();
    if (child == 0) {
      drop("/c/own/merged/later");
      ::_exit(0);
    }
    ::usleep(100'000);
  });
  ASSERT_TRUE(
      wait_for([&] { return problem_of("/c/own/merged").find("mounted itself") != std::string::npos; }, 20s))
      << daemon_->report();
  expect_nobody_waits();
}

// A container that mounts where the host sees it, in a directory of the host's that is shared with it; the
// layers of its overlay have paths that the host has, too.
TEST_F(HostileFuse, UnderAnOverlayThatThePropagationOfAVolumeShowsTheHostHoldsNobody) {
  const std::string shared = host_path("shared");
  std::filesystem::create_directory(shared);
  mount("shared", shared, "tmpfs", "");
  require(::mount(nullptr, shared.c_str(), nullptr, MS_SHARED, nullptr) == 0, "mount");
  start(often);
  // In the mount namespace of the host, as what is mounted in the volume would be.
  std::filesystem::create_directory(shared + "/fuse");
  server_->mount(shared + "/fuse");
  mount_overlay_over(shared + "/fuse", shared + "/own");
  const auto is_told = [this] {
    return daemon_->report().find("a layer of it lies on a file system that might never answer") !=
           std::string::npos;
  };
  EXPECT_TRUE(wait_for(is_told, 20s)) << daemon_->report();
  // Whose record is read when nobody answers any more.
  ::kill(-daemon_->pid(), SIGSTOP);
  execute({shared + "/own/merged/tool"});
  server_->hang();
  ::kill(-daemon_->pid(), SIGCONT);
  expect_nobody_waits();
  server_.reset();
  for (const char* name : {"/own/merged", "/own", "/fuse", ""})
    ::umount2((shared + name).c_str(), MNT_DETACH);
}

// Known by its process alone: the first process has its root on an overlay of its own by the time that the
// monitor is started.
class HostileRoot : public HostileFuse {
 protected:
  // `mount_root` mounts it, over the FUSE file system that is on `fuse()`, and says where.
  void expect_it_holds_nobody(const std::function<std::string()>& mount_root) {
    std::filesystem::create_directories(fuse());
    Box other(
        BoxPlace{.directory = path("other"), .elsewhere = host_path("other-bind"), .cgroup = box_cgroup()});
    other.start();
    other.end_processes();
    Child first([&](Line& line) {
      other.join_cgroup();
      require(::unshare(CLONE_NEWNS) == 0, "unshare");
      require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
      server_->mount(fuse());
      const auto merged = mount_root();
      enter_container_root(merged);
      line.tell();
      line.hear();
      execute({"/tool"});
      line.tell();
      while (true) ::pause();
    });
    first.line().hear();
    start(often);
    ::kill(-daemon_->pid(), SIGSTOP);
    first.line().tell();
    first.line().hear();
    server_->hang();
    ::kill(-daemon_->pid(), SIGCONT);
    expect_nobody_waits();
    EXPECT_EQ(server_->held(), 0U) << "somebody has asked";
    // Whoever waits has to be let go.
    server_.reset();
    first.kill(SIGKILL);
  }

  std::string place() const { return path("own-root"); }
  std::string fuse() const { return place() + "/fuse"; }
};

TEST_F(HostileRoot, OverFuseHoldsNobody) {
  expect_it_holds_nobody([this] {
    mount_overlay_over(fuse(), place() + "/overlay");
    return place() + "/overlay/merged";
  });
}

TEST_F(HostileRoot, OverFuseToWhichNothingCanBeWrittenHoldsNobody) {
  expect_it_holds_nobody([this] {
    const std::string lower = place() + "/overlay";
    std::filesystem::create_directory(lower);
    mount("layers", lower, "tmpfs", "");
    for (const char* name : {"/lower", "/merged"}) std::filesystem::create_directory(lower + name);
    mount("overlay", lower + "/merged", "overlay", fmt::format("lowerdir={}/lower:{}", lower, fuse()));
    return lower + "/merged";
  });
}

// A user of the host who has a cgroup of his own: in user and mount namespaces that he makes he is root, and
// mounts over names of the host what he likes.
class HostileUser : public HostileFuse {
 protected:
  void SetUp() override {
    HostileFuse::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (const auto missing = missing_user_namespace(); !missing.empty())
      GTEST_SKIP() << "SKIP kernel: " << missing;
    // He has to get to what is his.
    namespace fs = std::filesystem;
    fs::permissions(fs::path(host_path("x")).parent_path().parent_path(), fs::perms{0711});
    for (const char* name : {"", "/fuse", "/fuse/u", "/fuse/w", "/lower", "/upper", "/work", "/merged"}) {
      fs::create_directories(place() + name);
      require(::chown((place() + name).c_str(), user, user) == 0, "chown");
    }
    device_ = make_fuse_node(place());
    other_ = std::make_unique<Box>(
        BoxPlace{.directory = path("other"), .elsewhere = host_path("other-bind"), .cgroup = box_cgroup()});
    other_->start();
    other_->end_processes();
  }
  void TearDown() override {
    first_.reset();
    HostileFuse::TearDown();
    other_.reset();
  }

  // What looks like a container, with an overlay of such options for its root, before which he does
  // `prepare`. There he does `act` before the monitor has looked, and then his server hangs.
  void live(
      const std::string& options, const std::function<void()>& act,
      const std::function<void()>& prepare = [] {}) {
    first_ = std::make_unique<Child>([&, this](Line& line) {
      other_->join_cgroup();
      enter_user_namespace(user);
      require(::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
      FuseServer server(make_program("tool"), device_);
      server.mount(place() + "/fuse");
      for (const char* name : {"/fuse/u", "/fuse/w"}) std::filesystem::create_directory(place() + name);
      prepare();
      mount("overlay", place() + "/merged", "overlay", options);
      enter_container_root(place() + "/merged");
      line.tell();
      line.hear();
      act();
      server.hang();
      line.tell();
      while (true) ::pause();
    });
    try {
      first_->line().hear();
    } catch (const std::exception&) {
      GTEST_SKIP() << "SKIP kernel: no such overlay can be mounted in a user namespace here";
    }
    start(often);
    EXPECT_NE(daemon_->init_of(other_->id()), 0) << daemon_->report();
    ::kill(-daemon_->pid(), SIGSTOP);
    first_->line().tell();
    first_->line().hear();
    ::kill(-daemon_->pid(), SIGCONT);
  }
  std::string place() const { return path("user"); }
  std::string layers(const std::string& lower, const std::string& upper, const std::string& work) const {
    return fmt::format("userxattr,xino=on,lowerdir={0}{1},upperdir={0}{2},workdir={0}{3}", place(), lower,
                       upper, work);
  }

  static constexpr uid_t user = 47000;
  std::string device_;
  std::unique_ptr<Box> other_;
  std::unique_ptr<Child> first_;
};

TEST_F(HostileUser, WhoLaysAnOverlayThatNothingCanBeWrittenToOverFuseHoldsNobody) {
  live(fmt::format("lowerdir={0}/lower:{0}/fuse", place()), [] { execute({"/tool"}); });
  if (IsSkipped()) return;
  expect_nobody_waits();
  EXPECT_THAT(daemon_->report(), HasSubstr("another user namespace, and nothing can be written"));
}

TEST_F(HostileUser, WhoServesTheUpperDirectoryOfAnOverlayHoldsNobody) {
  live(layers("/lower", "/fuse/u", "/fuse/w"), [] { drop("/x"); });
  if (IsSkipped()) return;
  expect_nobody_waits();
  EXPECT_THAT(daemon_->report(), HasSubstr("its upper directory may lie on a file system"));
}

TEST_F(HostileUser, WhoLaysAnOverlayOverFuseIsWatchedByWhatHeWrites) {
  live(layers("/lower:" + place() + "/fuse", "/upper", "/work"), [] {
    std::ofstream("/tool", std::ios::app) << "more" << std::flush;
    execute({"/tool"});
    drop("/x");
  });
  if (IsSkipped()) return;
  expect_nobody_waits();
  for (const char* path : {"/tool", "/x"}) {
    const auto record = daemon_->wait_for_record(
        [&](const Record& candidate) {
          return container_of(candidate) == other_->id() && path_of(candidate) == path;
        },
        30s);
    ASSERT_TRUE(record) << path << daemon_->report();
    EXPECT_EQ(text_at(*record, "/detected_by"), "close_write");
  }
  EXPECT_THAT(daemon_->report(), HasSubstr("what is executed is not watched"));
}

// The paths are there, and he has others in their place.
TEST_F(HostileUser, WhoNamesTheUpperDirectoryOfAnotherContainerHasNoneOfItsFindings) {
  const std::string victim = path("box");
  live(
      fmt::format("lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work", victim), [] { drop("/x"); },
      [&] {
        mount("own", victim, "tmpfs", "");
        for (const char* name : {"/lower", "/upper", "/work"})
          std::filesystem::create_directory(victim + name);
      });
  if (IsSkipped()) return;
  EXPECT_THAT(daemon_->report(), HasSubstr("its upper directory is another container's"));
  // What the file system under the layers tells, and what lies there.
  box_->run([] {
    put("/c/late", "#!/bin/sh\n", 0644);
    require(::chmod("/c/late", 0755) == 0, "chmod");
  });
  EXPECT_NE(sensor_of("/c/late"), "none");
  expect_well();
  for (const Record& record : daemon_->records()) EXPECT_NE(container_of(record), other_->id());
}

}  // namespace
}  // namespace dropwarden::test
