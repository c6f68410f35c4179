// SPDX-License-Identifier: Apache-2.0
#include "container/process_hunt.hpp"

#include <cerrno>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_proc.hpp"

namespace dropwarden::container {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const std::string id = "1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef";
const std::string cgroup = "/docker/" + id;

std::string cgroup_of_user(int user) {
  const std::string number = std::to_string(user);
  return "/user.slice/user-" + number + ".slice/user@" + number + ".service/docker-" + id + ".scope";
}

class ProcessHuntTest : public testing::Test {
 protected:
  ProcessHuntTest() {
    proc_.add(1, {});
    proc_.add(600, {.cgroup = cgroup, .namespace_pids = "600\t1"});
    EXPECT_THAT(look(), IsEmpty()) << "what was there before is no prey";
  }
  std::vector<ProcessGroup> look() { return sys::value_or_throw(hunt_.look()); }

  void tell(std::int32_t init, const std::string& its_cgroup) {
    proc_.add(init, {.cgroup = its_cgroup, .namespace_pids = std::to_string(init) + "\t1", .start_time = 50});
    told_[id] = {.owner = parse_cgroup_path(its_cgroup).value(), .init = {init}, .is_first = true};
  }

  FakeProc proc_;
  ProcessGroups told_;
  ProcessHunt hunt_{proc_.reader(), told_};
};

TEST_F(ProcessHuntTest, FindsTheFirstProcessOnceItIsInItsContainersCgroup) {
  proc_.add(700, {.cgroup = "/system.slice/docker.service", .namespace_pids = "700\t1"});
  EXPECT_THAT(look(), IsEmpty());
  proc_.add(700, {.cgroup = cgroup, .namespace_pids = "700\t1"});
  const auto found = look();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].init.value, 700);
  EXPECT_THAT(look(), IsEmpty()) << "told once";
}

TEST_F(ProcessHuntTest, LeavesTheHelpersOfTheRuntimeAlone) {
  proc_.add(700, {.cgroup = cgroup, .namespace_pids = "700"});
  EXPECT_THAT(look(), IsEmpty());
  proc_.add(701, {.cgroup = cgroup, .namespace_pids = "701\t1"});
  ASSERT_THAT(look(), SizeIs(1));
}

TEST_F(ProcessHuntTest, GivesUpOnAProcessThatIsTheHosts) {
  proc_.add(700, {.namespace_pids = "700\t1"});
  for (int i = 0; i < 50; ++i) look();
  proc_.add(700, {.cgroup = cgroup, .namespace_pids = "700\t1"});
  EXPECT_THAT(look(), IsEmpty());
}

TEST_F(ProcessHuntTest, TakesNoContainerFromAProcessThatLivesForOneInACgroupThatAUserNamed) {
  tell(600, cgroup);
  proc_.add(700, {.cgroup = cgroup_of_user(1000), .namespace_pids = "700\t1"});
  EXPECT_THAT(look(), IsEmpty());
  tell(600, cgroup_of_user(1001));
  proc_.add(701, {.cgroup = cgroup_of_user(1000), .namespace_pids = "701\t1"});
  EXPECT_THAT(look(), IsEmpty()) << "nor from that of another user";
  proc_.add(702, {.cgroup = cgroup_of_user(1001), .namespace_pids = "702\t1"});
  EXPECT_THAT(look(), IsEmpty());
}

TEST_F(ProcessHuntTest, FindsWhoTakesThePlaceOfAProcessThatHasEndedOrIsAUsers) {
  tell(600, cgroup_of_user(1000));
  proc_.add(700, {.cgroup = cgroup, .namespace_pids = "700\t1"});
  ASSERT_THAT(look(), SizeIs(1));
  tell(700, cgroup);
  proc_.remove(700);
  proc_.add(701, {.cgroup = cgroup, .namespace_pids = "701\t1"});
  const auto found = look();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].init.value, 701);
  EXPECT_TRUE(hunt_.has_seen({701}));
  EXPECT_FALSE(hunt_.has_seen({700}));
}

TEST_F(ProcessHuntTest, SaysWhyItCannotLook) {
  auto reader = proc_.reader();
  reader.list = []() -> sys::Result<std::vector<model::Pid>> {
    return std::unexpected(sys::Error{"readdir", "/proc", EACCES});
  };
  EXPECT_EQ(ProcessHunt(reader, told_).look().error().number, EACCES);
}

}  // namespace
}  // namespace dropwarden::container
