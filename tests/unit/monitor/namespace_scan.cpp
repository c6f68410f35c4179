// SPDX-License-Identifier: Apache-2.0
#include "monitor/namespace_scan.hpp"

#include <cerrno>
#include <map>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string first(64, 'a');
const std::string second(64, 'b');

struct Process {
  std::string name_space;
  std::string cgroup;
  std::string root = "/";
};

bool everything(const container::CgroupOwner&) {
  return true;
}

container::ProcessReader reader_of(const std::map<int, Process>& processes) {
  return {.list =
              [&processes] {
                std::vector<model::Pid> pids;
                for (const auto& [pid, process] : processes) pids.push_back({pid});
                return sys::Result<std::vector<model::Pid>>(pids);
              },
          .read = [&processes](model::Pid pid, privilege::ProcessFile file) -> sys::Result<std::string> {
            const auto found = processes.find(pid.value);
            if (found == processes.end()) return std::unexpected(sys::Error{"open", "/proc", ENOENT});
            if (file == privilege::ProcessFile::cgroup) return "0::" + found->second.cgroup + "\n";
            if (file == privilege::ProcessFile::root) return found->second.root;
            return found->second.name_space;
          }};
}

TEST(NamespaceScan, FindsWhereContainersAreBesideTheirFirstProcesses) {
  const std::map<int, Process> processes{{1, {"host", "/"}},
                                         {2, {"of a service", "/system.slice/private.service"}},
                                         {10, {"of the first", "/docker/" + first}},
                                         {11, {"nested", "/docker/" + first}},
                                         {12, {"nested", "/docker/" + first}},
                                         {13, {"nested", "/docker/" + second}},
                                         {14, {"inner", "/docker/" + first + "/docker/" + second}}};
  NamespaceScan scan(reader_of(processes), {"host", "of the first"}, {}, everything);
  int turns = 1;
  while (scan.step(2)) ++turns;
  EXPECT_EQ(turns, 4);
  EXPECT_THAT(scan.take_found(), UnorderedElementsAre(NestedNamespace{{first}, "nested", {11}},
                                                      NestedNamespace{{second}, "nested", {13}},
                                                      NestedNamespace{{first}, "inner", {14}}))
      << "the outermost owner is the one that nobody inside can forge";
}

TEST(NamespaceScan, HasAProcessThatSeesAllMountsWhereThereIsOne) {
  const std::map<int, Process> processes{{11, {"nested", "/docker/" + first, "/jail"}},
                                         {12, {"nested", "/docker/" + first}},
                                         {13, {"nested", "/docker/" + first}},
                                         {14, {"other", "/docker/" + first, "/jail"}},
                                         {15, {"other", "/docker/" + first, "/jail"}}};
  NamespaceScan scan(reader_of(processes), {}, {}, everything);
  while (scan.step(2)) continue;
  EXPECT_THAT(scan.take_found(), UnorderedElementsAre(NestedNamespace{{first}, "nested", {12}},
                                                      NestedNamespace{{first}, "other", {14}, true}));
}

// Each user of the host has mount namespaces of his own, and may name a cgroup.
TEST(NamespaceScan, PassesOverAProcessInACgroupThatIsNotBelieved) {
  const std::string users = "/user.slice/user-1000.slice/user@1000.service/docker-" + first + ".scope";
  const std::map<int, Process> processes{{11, {"nested", "/system.slice/docker-" + first + ".scope"}},
                                         {12, {"a user's", users}}};
  NamespaceScan scan(reader_of(processes), {}, {}, [](const container::CgroupOwner& owner) {
    return !owner.path.starts_with("/user.slice");
  });
  while (scan.step(2)) continue;
  EXPECT_THAT(scan.take_found(), UnorderedElementsAre(NestedNamespace{{first}, "nested", {11}}));
}

TEST(NamespaceScan, PassesOverAProcessThatHasEnded) {
  const std::map<int, Process> processes{{1, {"host", "/"}}};
  NamespaceScan scan(reader_of(processes), {"host"}, {}, everything);
  scan.look_at({99});
  EXPECT_THAT(scan.take_found(), IsEmpty());
}

}  // namespace
}  // namespace dropwarden::monitor
