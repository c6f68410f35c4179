// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/process_scan.hpp"

#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sched.h>
#include <signal.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/container/hierarchy.hpp"

#include "fake_proc.hpp"
#include "scratch_cgroup.hpp"

namespace dropwarden::container {
namespace {

using model::Pid;
using testing::IsEmpty;
using testing::SizeIs;

const std::string id = "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef";
const std::string other_id = "fedcba0987654321fedcba0987654321fedcba0987654321fedcba0987654321";

class ProcessScanTest : public testing::Test {
 protected:
  ProcessScanTest() { proc_.add(1, {.cgroup = "/init.scope"}); }

  std::vector<ProcessGroup> scan(ScanLimits limits = {}) {
    auto reader = proc_.reader();
    reader.cgroup_id = cgroup_id_;
    ProcessScan scan(std::move(reader), limits, &told_);
    while (true) {
      const auto more = scan.step(2);
      if (!more) ADD_FAILURE() << more.error().text();
      if (!more || !*more) break;
    }
    is_complete_ = scan.is_complete();
    unreadable_ = scan.unreadable();
    return scan.groups();
  }
  // Init of container `id`, which must be the only one.
  std::int32_t only_init() {
    const auto groups = scan();
    EXPECT_THAT(groups, SizeIs(1));
    if (groups.empty()) return 0;
    EXPECT_EQ(groups.front().owner.id.value, id);
    return groups.front().init.value;
  }

  // As an earlier scan or a hunt did.
  void tell(std::int32_t init, const std::string& cgroup) {
    told_[id] = {.owner = parse_cgroup_path(cgroup).value(), .init = {init}, .is_first = true};
  }

  FakeProc proc_;
  ProcessGroups told_;
  std::function<std::optional<std::uint64_t>(const std::string&)> cgroup_id_;
  bool is_complete_ = false;
  std::size_t unreadable_ = 0;
};

TEST_F(ProcessScanTest, SeesNoContainerAmongOrdinaryProcesses) {
  proc_.add(2, {.cgroup = "/"});
  proc_.add(700, {.cgroup = "/user.slice/user-0.slice/session-1.scope"});
  EXPECT_THAT(scan(), IsEmpty());
  EXPECT_TRUE(is_complete_);
}

TEST_F(ProcessScanTest, GroupsProcessesByContainer) {
  proc_.add(700, {.cgroup = "/docker/" + id, .namespace_pids = "700\t1", .start_time = 50});
  proc_.add(701, {.cgroup = "/docker/" + id, .namespace_pids = "701\t7", .start_time = 60});
  proc_.add(800, {.cgroup = "/kubepods/besteffort/pod12-34/" + other_id, .namespace_pids = "800\t1"});
  const auto groups = scan();
  ASSERT_THAT(groups, SizeIs(2));
  const auto& pod = groups[groups[0].owner.id.value == other_id ? 0 : 1];
  EXPECT_EQ(pod.owner.runtime, model::Runtime::containerd);
  EXPECT_EQ(pod.owner.pod_uid, "12-34");
  EXPECT_EQ(pod.init, Pid{800});
}

TEST_F(ProcessScanTest, TakesTheFirstOfTheOutermostNamespaceForTheInit) {
  // 600 is older than the init (a process that was moved in), 701 the first of a namespace within the
  // container.
  proc_.add(600, {.cgroup = "/docker/" + id, .namespace_pids = "600", .start_time = 10});
  proc_.add(701,
            {.cgroup = "/docker/" + id + "/init.scope", .namespace_pids = "701\t9\t1", .start_time = 20});
  proc_.add(702, {.cgroup = "/docker/" + id, .namespace_pids = "702\t1", .start_time = 50});
  EXPECT_EQ(only_init(), 702);
}

TEST_F(ProcessScanTest, TakesTheOldestForTheInitWhereThereIsNoNamespace) {
  // The numbers have wrapped: the init's is the highest.
  proc_.add(300, {.cgroup = "/docker/" + id, .start_time = 51});
  proc_.add(301, {.cgroup = "/docker/" + id, .start_time = 51});
  proc_.add(32000, {.cgroup = "/docker/" + id, .name = "a) R 1 (b\n", .start_time = 50});
  EXPECT_EQ(only_init(), 32000);
}

TEST_F(ProcessScanTest, TakesTheLowerNumberOfTwoThatStartedTogether) {
  proc_.add(301, {.cgroup = "/docker/" + id, .start_time = 51});
  proc_.add(300, {.cgroup = "/docker/" + id, .start_time = 51});
  EXPECT_EQ(only_init(), 300);
}

TEST_F(ProcessScanTest, CannotBeFooledByACgroupThatAContainerNamedAfterAnother) {
  proc_.add(500, {.cgroup = "/docker/" + other_id + "/docker-" + id + ".scope", .namespace_pids = "500\t1"});
  proc_.add(700, {.cgroup = "/docker/" + id, .namespace_pids = "700\t1"});
  const auto groups = scan();
  ASSERT_THAT(groups, SizeIs(2));
  for (const auto& group : groups) EXPECT_EQ(group.init, Pid{group.owner.id.value == id ? 700 : 500});
}

TEST_F(ProcessScanTest, CannotBeFooledByAUserOfTheHost) {
  const std::string users = "/user.slice/user-1000.slice/user@1000.service/docker-" + id + ".scope";
  proc_.add(500, {.cgroup = users, .namespace_pids = "500\t1", .start_time = 1});
  proc_.add(700, {.cgroup = "/system.slice/docker-" + id + ".scope", .start_time = 50});
  proc_.add(800, {.cgroup = users, .namespace_pids = "800\t1", .start_time = 1});
  EXPECT_EQ(only_init(), 700);
}

// Each may have made a cgroup of that name, and put there a process of any age.
TEST_F(ProcessScanTest, LeavesTheContainerOfAUserWithTheCgroupThatWasToldAsLongAsItHasAProcess) {
  const std::string own = "/user.slice/user-1000.slice/user@1000.service/docker-" + id + ".scope";
  const std::string another = "/user.slice/user-1001.slice/user@1001.service/docker-" + id + ".scope";
  tell(700, own);
  for (const int attackers : {500, 900}) {
    proc_.add(attackers,
              {.cgroup = another, .namespace_pids = std::to_string(attackers) + "\t1", .start_time = 1});
    proc_.add(600, {.cgroup = own, .namespace_pids = "600\t9\t8", .start_time = 60});
    proc_.add(700, {.cgroup = own + "/container", .namespace_pids = "700\t9\t1", .start_time = 50});
    EXPECT_EQ(only_init(), 700);
    proc_.remove(700);
    EXPECT_EQ(only_init(), 600);
    proc_.remove(600);
    EXPECT_EQ(only_init(), attackers);
    proc_.remove(attackers);
  }
}

// At the start nothing was told. Who copies the name of a container comes later than its cgroup, though
// perhaps with an older process.
TEST_F(ProcessScanTest, TakesOfTwoUsersTheOneWhoseCgroupWasThereFirst) {
  const std::string own = "/user.slice/user-1000.slice/user@1000.service/docker-" + id + ".scope";
  const std::string another = "/user.slice/user-1001.slice/user@1001.service/docker-" + id + ".scope";
  std::map<std::string, std::uint64_t> ids{{own, 7}, {another, 8}};
  cgroup_id_ = [&](const std::string& path) {
    const auto found = ids.find(path);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
  };
  proc_.add(700, {.cgroup = own + "/container", .namespace_pids = "700\t9\t1", .start_time = 50});
  for (const int attackers : {500, 900}) {
    proc_.add(attackers,
              {.cgroup = another, .namespace_pids = std::to_string(attackers) + "\t1", .start_time = 1});
    EXPECT_EQ(only_init(), 700);
    proc_.remove(attackers);
  }
  ids.erase(own);
  proc_.add(500, {.cgroup = another, .namespace_pids = "500\t1", .start_time = 1});
  EXPECT_EQ(only_init(), 500) << "nothing tells";
}

TEST_F(ProcessScanTest, BelievesTheHostThoughAUserWasToldBefore) {
  const std::string users = "/user.slice/user-1000.slice/user@1000.service/docker-" + id + ".scope";
  tell(500, users);
  proc_.add(500, {.cgroup = users, .namespace_pids = "500\t1", .start_time = 1});
  proc_.add(700, {.cgroup = "/system.slice/docker-" + id + ".scope", .start_time = 50});
  EXPECT_EQ(only_init(), 700);
}

TEST_F(ProcessScanTest, KeepsTheInitThatWasToldUnlessAnotherIsFurtherOut) {
  tell(702, "/docker/" + id);
  proc_.add(701, {.cgroup = "/docker/" + id, .namespace_pids = "701\t1", .start_time = 20});
  proc_.add(702, {.cgroup = "/docker/" + id, .namespace_pids = "702\t1", .start_time = 50});
  proc_.add(703, {.cgroup = "/docker/" + id, .namespace_pids = "703\t1", .start_time = 20});
  EXPECT_EQ(only_init(), 702);
  proc_.add(702, {.cgroup = "/docker/" + id, .namespace_pids = "702\t9\t1", .start_time = 50});
  EXPECT_EQ(only_init(), 701);
}

TEST_F(ProcessScanTest, LooksAtAProcessThatHasComeMeanwhile) {
  proc_.add(2, {.cgroup = "/"});
  ProcessScan scan(proc_.reader());
  ASSERT_TRUE(scan.step(1).value());
  proc_.add(700, {.cgroup = "/docker/" + id, .namespace_pids = "700\t1"});
  scan.add({700});
  while (scan.step(1).value()) continue;
  ASSERT_THAT(scan.groups(), SizeIs(1));
  EXPECT_EQ(scan.groups()[0].init, Pid{700});
}

TEST_F(ProcessScanTest, SeesThePodsOfTheKindNodeItRunsIn) {
  proc_.add(1, {.cgroup = "/docker/" + other_id + "/init.scope"});
  proc_.add(300, {.cgroup = "/docker/" + other_id + "/system.slice/containerd.service"});
  proc_.add(700,
            {.cgroup = "/docker/" + other_id + "/kubelet/kubepods/pod1/" + id, .namespace_pids = "700\t1"});
  EXPECT_EQ(only_init(), 700);
}

TEST_F(ProcessScanTest, PassesOverProcessesThatEndMeanwhile) {
  proc_.add(600, {.cgroup = std::nullopt});
  proc_.add(700, {.cgroup = "/docker/" + id, .start_time = std::nullopt});
  proc_.add(701, {.cgroup = "/docker/" + id, .start_time = 50});
  EXPECT_EQ(only_init(), 701);
  EXPECT_EQ(unreadable_, 0U);
}

TEST_F(ProcessScanTest, SaysWhatItMayNotRead) {
  proc_.add(700, {.cgroup = "/docker/" + id});
  auto reader = proc_.reader();
  reader.read = [](Pid, privilege::ProcessFile) -> sys::Result<std::string> {
    return std::unexpected(sys::Error{"open", "/proc/700/cgroup", EACCES});
  };
  ProcessScan scan(std::move(reader));
  EXPECT_FALSE(scan.step(100).value());
  EXPECT_GE(scan.unreadable(), 1U);
  ASSERT_TRUE(scan.last_error());
  EXPECT_EQ(scan.last_error()->number, EACCES);
}

TEST_F(ProcessScanTest, StopsAtItsLimitsAndSaysSo) {
  for (int pid = 10; pid < 20; ++pid) {
    proc_.add(pid, {.cgroup = "/docker/" + std::to_string(pid) + id.substr(2), .namespace_pids = "9\t1"});
  }
  EXPECT_THAT(scan({.processes = 4}), SizeIs(testing::Le(4)));
  EXPECT_FALSE(is_complete_);
  EXPECT_THAT(scan({.containers = 4}), SizeIs(4));
  EXPECT_FALSE(is_complete_);
  EXPECT_THAT(scan(), SizeIs(10));
  EXPECT_TRUE(is_complete_);
}

TEST(ListProcesses, SaysWhyItCannot) {
  const auto none = list_processes(*privilege::make_direct({.proc = "/proc/self/nonexistent"}));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().number, ENOENT);
}

pid_t fork_in_new_pid_namespace() {
  // As fork(2), see clone(2).
  return static_cast<pid_t>(::syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

TEST(ProcessScan, FindsTheInitOfARealCgroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP privilege: needs root to make cgroups and pid namespaces";
  const auto hierarchies = read_hierarchies();
  if (!hierarchies) GTEST_SKIP() << "no cgroup hierarchy here: " << hierarchies.error().text();
  const auto& hierarchy = hierarchies->all().front();
  if (::access(hierarchy.mount_point.c_str(), W_OK) != 0)
    GTEST_SKIP() << hierarchy.mount_point << " is read-only";

  const std::string top = "/dropwarden-scan-" + std::to_string(::getpid());
  const ScratchCgroup parent(hierarchy, top);
  const ScratchCgroup container(hierarchy, top + "/" + id);
  const ScratchCgroup below(hierarchy, top + "/" + id + "/with space");
  const Idler intruder;
  const Idler init(fork_in_new_pid_namespace);
  if (init.pid().value < 0 && errno == EINVAL)
    GTEST_SKIP() << "SKIP kernel: no clone(2) into a new pid namespace, as under an emulator";
  ASSERT_GT(init.pid().value, 0) << "cannot make a pid namespace";
  below.move_in(intruder.pid());
  container.move_in(init.pid());

  const std::shared_ptr<privilege::Privilege> direct = privilege::make_direct();
  ProcessScan scan(
      {.list = [direct] { return list_processes(*direct); },
       .read = [direct](Pid pid,
                        privilege::ProcessFile file) { return direct->read_process_file(pid.value, file); }});
  for (auto more = scan.step(64); more.value(); more = scan.step(64)) continue;
  const auto groups = scan.groups();
  const auto found =
      std::ranges::find(groups, id, [](const ProcessGroup& group) { return group.owner.id.value; });
  ASSERT_NE(found, groups.end());
  EXPECT_EQ(found->init, init.pid());
}

}  // namespace
}  // namespace dropwarden::container
