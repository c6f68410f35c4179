// SPDX-License-Identifier: Apache-2.0
// The parts of the soak that decide whether it passes: what it takes for growth, which disturbances it must
// have made, and that the limit of memory is one.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "disturbance.hpp"
#include "holdings.hpp"
#include "memory_cgroup.hpp"
#include "support/cgroup.hpp"
#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Holdings some_holdings() {
  return {.supervisor = {.pid = 10, .anonymous_kib = 900, .descriptors = 7, .threads = 1},
          .monitor = {.pid = 11, .anonymous_kib = 9000, .descriptors = 60, .threads = 8, .marks = 5},
          .marker = {.pid = 12, .anonymous_kib = 3000, .descriptors = 20, .threads = 13},
          .mounts = {"/", "/dev", "/proc"}};
}

TEST(Growth, IsNoneWhereAnotherMarkerHoldsAsMuch) {
  auto later = some_holdings();
  later.marker.pid = 99;
  later.monitor.descriptors += descriptors_allowed;
  EXPECT_THAT(growth(some_holdings(), later), IsEmpty());
}

TEST(Growth, IsOneDescriptorOfTheSupervisorThoughTheMarkerHasFewer) {
  auto later = some_holdings();
  ++later.supervisor.descriptors;
  later.marker.descriptors -= 5;
  EXPECT_THAT(growth(some_holdings(), later), ElementsAre(HasSubstr("supervisor")));
}

TEST(Growth, IsNotComparedAcrossTwoMonitors) {
  auto later = some_holdings();
  later.monitor.pid = 99;
  EXPECT_THAT(growth(some_holdings(), later), ElementsAre(HasSubstr("replaced")));
}

TEST(Growth, IsToldOfMarksThreadsMemoryAndMounts) {
  auto later = some_holdings();
  ++later.monitor.marks;
  ++later.marker.threads;
  later.monitor.anonymous_kib += 4096;
  later.mounts = {"/", "/dev", "/dev", "/proc"};
  const auto faults = growth(some_holdings(), later);
  EXPECT_EQ(faults.size(), 4U);
  EXPECT_THAT(faults, Contains("mounts were left behind: /dev"));
}

TEST(Deck, DealsEachOnceBeforeAnyTwice) {
  const std::vector<Disturbance> wanted(all_disturbances.begin(), all_disturbances.end());
  Deck deck(1);
  for (int round = 0; round < 3; ++round) {
    std::set<Disturbance> dealt;
    for (std::size_t i = 0; i < wanted.size(); ++i) dealt.insert(deck.deal(wanted));
    EXPECT_EQ(dealt.size(), wanted.size());
  }
}

TEST(Deck, DealsFirstWhatItIsToldTo) {
  for (unsigned seed = 1; seed < 20; ++seed) {
    Deck deck(seed);
    deck.deal({Disturbance::storm, Disturbance::kill_marker, Disturbance::memory});
    deck.start_over(Disturbance::kill_marker);
    EXPECT_EQ(deck.deal({Disturbance::storm, Disturbance::kill_marker}), Disturbance::kill_marker);
    EXPECT_EQ(deck.deal({Disturbance::storm}), Disturbance::storm);
  }
}

TEST(NotMade, IsAFaultUnlessItCannotBe) {
  const std::map<Disturbance, Account> accounts{
      {Disturbance::storm, {.made = 2, .made_between = 1}},
      {Disturbance::clock, {.missing = "only with --clock"}},
      {Disturbance::memory, {.made = 1}},       // deadly: never between
      {Disturbance::kill_marker, {.made = 1}},  // which says nothing of what is left of it
      {Disturbance::full_disk, {.made = 0}},
  };
  EXPECT_THAT(not_made(accounts),
              ElementsAre(HasSubstr("between the times that are compared: kill -9 of the marker"),
                          HasSubstr("never made, though it could be: a full disk")));
}

// A tree as of /sys/fs/cgroup, with files in which one finds what was written.
class CgroupTree : public testing::Test {
 protected:
  void put(const std::string& file, const std::string& text) const {
    const std::filesystem::path path = root() + file;
    std::filesystem::create_directories(path.parent_path());
    write_file(path, text);
  }
  std::string root() const { return directory_.path(); }
  void put_v1() const {
    put("/memory/memory.limit_in_bytes", "-1");
    put("/memory/init/cgroup.procs", "");
    put("/memory/soak/monitor/memory.limit_in_bytes", "-1");
  }
  void put_v2(const std::string& at, const std::string& controllers) const {
    put(at + "/cgroup.controllers", controllers);
    put(at + "/init/cgroup.procs", "");
    put(at + "/soak/monitor/memory.max", "max");
  }

 private:
  TemporaryDirectory directory_;
};

constexpr const char* of_both = "4:cpu,memory:/init\n1:name=systemd:/\n0::/init\n";

TEST_F(CgroupTree, OfVersion2AloneHasOneThere) {
  put_v2("", "cpuset memory pids\n");
  const auto made = MemoryCgroup::make(root(), "/soak", "0::/init\n");
  ASSERT_TRUE(made.has_value()) << made.error();
  EXPECT_TRUE(made->is_v2());
  EXPECT_EQ(made->directory(), root() + "/soak/monitor");
  EXPECT_EQ(read_file(root() + "/soak/cgroup.subtree_control"), "+memory");
}

TEST_F(CgroupTree, OfBothVersionsHasOneWhereTheControllerIs) {
  put_v1();
  put_v2("/unified", "hugetlb\n");
  const auto in_v1 = MemoryCgroup::make(root(), "/soak", of_both);
  ASSERT_TRUE(in_v1.has_value()) << in_v1.error();
  EXPECT_FALSE(in_v1->is_v2());
  EXPECT_EQ(in_v1->directory(), root() + "/memory/soak/monitor");
  put_v2("/unified", "hugetlb memory\n");
  const auto in_v2 = MemoryCgroup::make(root(), "/soak", of_both);
  ASSERT_TRUE(in_v2.has_value()) << in_v2.error();
  EXPECT_EQ(in_v2->directory(), root() + "/unified/soak/monitor");
}

TEST_F(CgroupTree, WithoutTheControllerSaysWhyThereIsNone) {
  put_v2("", "cpuset pids\n");
  const auto made = MemoryCgroup::make(root(), "/soak", "0::/init\n");
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error(), HasSubstr("neither version"));
}

// Of this machine.
class RealMemory : public testing::Test {
 protected:
  const std::string parent_ = "/soak-parts-" + std::to_string(::getpid());
  void TearDown() override { remove_cgroups(parent_); }
};

// In a child, which says with its status whether it was hindered.
int grow_beyond_limit(const MemoryCgroup& cgroup) {
  constexpr std::size_t room = std::size_t{1} << 20U;
  constexpr std::size_t wanted = 64 * room;
  cgroup.enter();
  cgroup.squeeze(room);
  auto* const memory = static_cast<volatile char*>(
      ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) return 2;
  for (std::size_t i = 0; i < wanted; i += 4096) memory[i] = 1;
  return 0;
}

TEST_F(RealMemory, WithALimitHoldsUpWhoeverWantsMore) {
  const auto cgroup = MemoryCgroup::make("/sys/fs/cgroup", parent_, read_file("/proc/self/cgroup"));
  if (!cgroup) GTEST_SKIP() << "SKIP kernel: " << cgroup.error();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    try {
      ::_exit(grow_beyond_limit(*cgroup));
    } catch (const std::exception&) {
      ::_exit(3);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  // Where there is swap it only waits.
  EXPECT_TRUE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) || status == 0) << "status " << status;
  EXPECT_GT(cgroup->hits(), 0U);
  cgroup->release();
}

}  // namespace
}  // namespace dropwarden::test
