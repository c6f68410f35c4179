// SPDX-License-Identifier: Apache-2.0
#include "monitor/first_cgroups.hpp"

#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::monitor {
namespace {

using testing::Optional;

const std::string id(64, 'a');
const std::string root_path = "/system.slice/docker-" + id + ".scope";
const std::string users_path = "/user.slice/user-1000.slice/user@1000.service/docker-" + id + ".scope";

// A container whose first process is told to be `init`; 0 once it has ended.
class FirstCgroupsTest : public testing::Test {
 protected:
  void tell(std::int32_t init) {
    auto snapshot = std::make_shared<container::Snapshot>();
    auto container = std::make_shared<model::Container>();
    container->id = {id};
    container->init = {init};
    snapshot->containers.emplace(id, std::move(container));
    cgroups.on_containers(std::move(snapshot));
  }
  void put(std::int32_t pid, const std::string& text) const {
    std::filesystem::create_directories(proc.path() / std::to_string(pid));
    test::write_file(proc.path() / std::to_string(pid) / "cgroup", text);
  }
  std::optional<bool> has_first(const std::string& path) const {
    return cgroups.has_first(container::parse_cgroup_path(path).value());
  }
  bool believes(const std::string& path) const {
    return cgroups.believes(container::parse_cgroup_path(path).value());
  }

  test::TemporaryDirectory proc;
  std::unique_ptr<privilege::Privilege> privilege = privilege::make_direct({.proc = proc.path()});
  FirstCgroups cgroups{*privilege};
};

TEST_F(FirstCgroupsTest, BelieveWhatNobodyCanCompareUnlessAUserMayHaveNamedIt) {
  EXPECT_EQ(has_first(root_path), std::nullopt);
  for (const std::int32_t init : {0, 400}) {
    tell(init);
    EXPECT_EQ(has_first(root_path), std::nullopt) << init;
    EXPECT_TRUE(believes(root_path));
    EXPECT_FALSE(believes(users_path));
  }
  put(400, "0::/system.slice/docker.service\n");
  EXPECT_EQ(has_first(root_path), std::nullopt) << "it is not there yet";
  put(400, "0::" + root_path + "\n");
  EXPECT_THAT(has_first(root_path), Optional(true));
}

TEST_F(FirstCgroupsTest, BelieveOfTwoWithOneNameTheOneThatHasTheFirstProcess) {
  put(400, "0::" + root_path + "/init\n");
  tell(400);
  EXPECT_THAT(has_first(root_path + "/service"), Optional(true));
  EXPECT_THAT(has_first(users_path), Optional(false));
  put(401, "0::" + users_path + "\n");
  tell(401);
  EXPECT_THAT(has_first(users_path + "/container"), Optional(true));
  EXPECT_FALSE(believes(root_path));
  EXPECT_FALSE(believes("/user.slice/user-1001.slice/user@1001.service/docker-" + id + ".scope"));
}

TEST_F(FirstCgroupsTest, RememberItWhenTheProcessHasEndedUntilTheContainerIsForgotten) {
  put(400, "0::" + users_path + "\n");
  tell(400);
  ASSERT_THAT(has_first(users_path), Optional(true));
  tell(0);
  EXPECT_TRUE(believes(users_path));
  cgroups.on_containers(std::make_shared<container::Snapshot>());
  EXPECT_FALSE(believes(users_path));
}

// The container's own in a node of kind, and in each of several hierarchies.
TEST_F(FirstCgroupsTest, AreThoseThatNameTheContainer) {
  const std::string node(64, 'b');
  const std::string path = "/docker/" + node + "/kubelet/kubepods/pod1/" + id;
  put(400, "9:pids:" + path + "\n4:memory:" + path + "/x\n0::/system.slice/containerd.service\n");
  tell(400);
  EXPECT_THAT(has_first(path), Optional(true));
  EXPECT_THAT(has_first("/kubelet/kubepods/pod1/" + id), Optional(false));
}

}  // namespace
}  // namespace dropwarden::monitor
