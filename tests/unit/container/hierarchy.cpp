// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/hierarchy.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <optional>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/sys/fd.hpp"

#include "scratch_cgroup.hpp"

// On real cgroups, which each test makes and removes.
namespace dropwarden::container {
namespace {

using testing::ElementsAre;

class HierarchiesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: needs root to make cgroups";
    auto read = read_hierarchies();
    if (!read) GTEST_SKIP() << "no cgroup hierarchy here: " << read.error().text();
    hierarchies_.emplace(std::move(*read));
    for (const auto& hierarchy : hierarchies_->all()) {
      if (::access(hierarchy.mount_point.c_str(), W_OK) != 0)
        GTEST_SKIP() << hierarchy.mount_point << " is read-only";
    }
  }

  // A cgroup of this test's own: `/dropwarden-test-PID` and what follows.
  static std::string own_path(const std::string& below = {}) {
    return "/dropwarden-test-" + std::to_string(::getpid()) + below;
  }

  std::optional<Hierarchies> hierarchies_;
};

// Runs `body` in a child process with a mount namespace of its own; its result is the exit status.
int run_unshared(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_private =
        ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    const int status = is_private ? body() : 77;
    std::fflush(nullptr);  // what the body printed counts
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Leaves the calling process's mount namespace without any hierarchy.
void unmount_hierarchies() {
  std::ifstream mounts("/proc/self/mounts");
  std::vector<std::string> points;
  for (std::string source, point, type, rest;
       mounts >> source >> point >> type && std::getline(mounts, rest);) {
    if (type == "cgroup" || type == "cgroup2") points.push_back(point);
  }
  for (const auto& point : points) ::umount2(point.c_str(), MNT_DETACH);
}

TEST_F(HierarchiesTest, AreMountedWhereTheyAreSaidToBe) {
  ASSERT_THAT(hierarchies_->all(), testing::Not(testing::IsEmpty()));
  for (const auto& hierarchy : hierarchies_->all()) {
    SCOPED_TRACE(hierarchy.mount_point);
    EXPECT_EQ(::access((hierarchy.mount_point + "/cgroup.procs").c_str(), R_OK), 0);
    // cgroups(7): only cgroup2 has this file, and has it at its root.
    const bool is_cgroup2 = ::access((hierarchy.mount_point + "/cgroup.controllers").c_str(), R_OK) == 0;
    EXPECT_EQ(hierarchy.is_unified, is_cgroup2);
    EXPECT_TRUE(hierarchy.is_unified || !hierarchy.controllers.empty());
  }
}

TEST_F(HierarchiesTest, GiveTheProcessesOfACgroupAndOfThoseBelowIt) {
  for (const auto& hierarchy : hierarchies_->all()) {
    SCOPED_TRACE(hierarchy.mount_point);
    // A new cgroup of v1's cpuset takes no process before it has been given processors.
    if (std::ranges::count(hierarchy.controllers, "cpuset") != 0) continue;
    const ScratchCgroup top(hierarchy, own_path());
    const ScratchCgroup middle(hierarchy, own_path("/with space"));
    const ScratchCgroup bottom(hierarchy, own_path("/with space/init.scope"));
    const Idler above;
    const Idler below;
    top.move_in(above.pid());
    bottom.move_in(below.pid());

    const auto all = hierarchies_->read_processes(own_path());
    ASSERT_TRUE(all) << all.error().text();
    EXPECT_THAT(all->pids, testing::UnorderedElementsAre(above.pid(), below.pid()));
    EXPECT_TRUE(all->is_complete);
    const auto part = hierarchies_->read_processes(own_path("/with space"));
    ASSERT_TRUE(part) << part.error().text();
    EXPECT_THAT(part->pids, ElementsAre(below.pid()));
  }
}

TEST_F(HierarchiesTest, GiveNoProcessesOfAnEmptyCgroup) {
  const ScratchCgroup empty(hierarchies_->all().front(), own_path());
  const auto processes = hierarchies_->read_processes(own_path());
  ASSERT_TRUE(processes) << processes.error().text();
  EXPECT_THAT(processes->pids, testing::IsEmpty());
}

TEST_F(HierarchiesTest, StopAtTheLimitAndSaySo) {
  const auto& hierarchy = hierarchies_->all().front();
  std::vector<ScratchCgroup> cgroups;
  for (const char* below : {"", "/a", "/b", "/c"}) cgroups.emplace_back(hierarchy, own_path(below));
  const Idler first;
  const Idler second;
  cgroups[0].move_in(first.pid());
  cgroups[1].move_in(second.pid());

  const auto few = hierarchies_->read_processes(own_path(), {.cgroups = 1});
  ASSERT_TRUE(few);
  EXPECT_THAT(few->pids, ElementsAre(first.pid()));
  EXPECT_FALSE(few->is_complete);
  EXPECT_FALSE(hierarchies_->read_processes(own_path(), {.processes = 1}).value().is_complete);
  EXPECT_TRUE(hierarchies_->read_processes(own_path(), {.cgroups = 4}).value().is_complete);
}

TEST_F(HierarchiesTest, RefuseAPathThatIsNotThereOrLeadsOutOrIsTooLong) {
  EXPECT_EQ(hierarchies_->read_processes(own_path("/nothing")).error().number, ENOENT);
  EXPECT_EQ(hierarchies_->read_processes("/../../etc").error().number, EINVAL);
  EXPECT_EQ(hierarchies_->read_processes("/" + std::string(4090, 'x')).error().number, ENAMETOOLONG);
}

TEST_F(HierarchiesTest, SurviveACgroupNestedDeeperThanLibcgroupCanName) {
  const auto& hierarchy = hierarchies_->all().front();
  const ScratchCgroup top(hierarchy, own_path());
  const Idler idler;
  top.move_in(idler.pid());
  const std::string name(255, 'n');
  // Deeper than PATH_MAX, hence by steps.
  sys::Fd directory(::open((hierarchy.mount_point + own_path()).c_str(), O_PATH | O_CLOEXEC));
  std::vector<sys::Fd> parents;
  for (int depth = 0; depth < 20; ++depth) {
    ASSERT_EQ(::mkdirat(directory.number(), name.c_str(), 0755), 0);
    sys::Fd child(::openat(directory.number(), name.c_str(), O_PATH | O_CLOEXEC));
    parents.push_back(std::exchange(directory, std::move(child)));
  }
  const auto processes = hierarchies_->read_processes(own_path());
  for (auto parent = parents.rbegin(); parent != parents.rend(); ++parent) {
    ::unlinkat(parent->number(), name.c_str(), AT_REMOVEDIR);
  }
  ASSERT_TRUE(processes) << processes.error().text();
  EXPECT_THAT(processes->pids, ElementsAre(idler.pid()));
  EXPECT_FALSE(processes->is_complete);
}

TEST_F(HierarchiesTest, AreFoundWhereThereIsNothingButCgroup2) {
  const int status = run_unshared([] {
    unmount_hierarchies();
    if (::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr) != 0) return 77;
    const auto hierarchies = read_hierarchies();
    if (!hierarchies || hierarchies->all().size() != 1) return 1;
    const auto& only = hierarchies->all().front();
    if (!only.is_unified || only.mount_point != "/sys/fs/cgroup") return 2;
    const auto path = own_path();
    const ScratchCgroup cgroup(only, path);
    const Idler idler;
    cgroup.move_in(idler.pid());
    const auto processes = hierarchies->read_processes(path);
    if (!processes || processes->pids != std::vector{idler.pid()}) return 3;
    return 0;
  });
  if (status == 77) GTEST_SKIP() << "cannot mount cgroup2 alone in a mount namespace";
  EXPECT_EQ(status, 0);
}

TEST_F(HierarchiesTest, AreAnErrorWhereNoneIsMounted) {
  const int status = run_unshared([] {
    unmount_hierarchies();
    const auto hierarchies = read_hierarchies();
    return !hierarchies && hierarchies.error().number == ENODEV ? 0 : 1;
  });
  if (status == 77) GTEST_SKIP() << "cannot unmount the cgroups in a mount namespace";
  EXPECT_EQ(status, 0);
}

TEST_F(HierarchiesTest, AreReadWithoutAWordFromLibcgroup) {
  // Standard output may carry findings, and the environment can make libcgroup talk there.
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = run_unshared([] {
    ::setenv("CGROUP_LOGLEVEL", "DEBUG", 1);
    return read_hierarchies() ? 0 : 1;
  });
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  if (status == 77) GTEST_SKIP() << "cannot make a mount namespace";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace dropwarden::container
