// SPDX-License-Identifier: Apache-2.0
#include "monitor/container_mounts.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

const std::string id(64, 'a');
constexpr model::Pid init{400};
constexpr ContainerMounts::Clock::time_point start{1h};

// A container whose first process is `init`, of which all that is mounted is told.
class ContainerMountsTest : public testing::Test {
 protected:
  ContainerMountsTest() {
    add_process(init, "mnt:[1]");
    mounts.set_watch_namespace([](model::Pid) { return true; });
    auto snapshot = std::make_shared<container::Snapshot>();
    auto container = std::make_shared<model::Container>();
    container->id = {id};
    container->init = init;
    snapshot->containers.emplace(id, std::move(container));
    mounts.on_containers(snapshot);
  }

  void add_process(model::Pid pid, const std::string& name_space) const {
    const auto directory = proc.path() / std::to_string(pid.value);
    std::filesystem::create_directories(directory / "ns");
    std::filesystem::create_symlink(name_space, directory / "ns/mnt");
    test::write_file(directory / "mountinfo",
                     "30 20 0:40 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n");
  }
  std::size_t read(ContainerMounts::Clock::time_point now) { return mounts.read_due(now, 1000).size(); }

  test::TemporaryDirectory proc;
  std::unique_ptr<privilege::Privilege> privilege = privilege::make_direct({.proc = proc.path()});
  ContainerMounts mounts{*privilege};
};

TEST_F(ContainerMountsTest, OfAContainerThatMountsInALoopAreReadOnlySoOften) {
  ASSERT_EQ(read(start), 1U);
  int readings = 0;
  for (auto now = start; now < start + 1s; now += 1ms) {
    mounts.on_mounted({init}, now);
    readings += static_cast<int>(read(now));
  }
  EXPECT_GE(readings, 40);
  EXPECT_LE(readings, 50);
}

TEST_F(ContainerMountsTest, OfAnybodyWhoMountsInALoopAreReadMoreSeldom) {
  ASSERT_EQ(read(start), 1U);
  int readings = 0;
  for (auto now = start; now < start + 1s; now += 1ms) {
    mounts.on_mounted({{401}}, now);  // who has ended
    readings += static_cast<int>(read(now));
  }
  EXPECT_GE(readings, 4);
  EXPECT_LE(readings, 5);
}

TEST_F(ContainerMountsTest, OfNamespacesWithoutEndAreReadUpToALimitThatIsSaid) {
  ASSERT_EQ(read(start), 1U);
  std::vector<NestedNamespace> found;
  for (int number = 0; number < 20; ++number) {
    const model::Pid pid{500 + number};
    const std::string name_space = "mnt:[" + std::to_string(100 + number) + "]";
    add_process(pid, name_space);
    found.push_back({.container = {id}, .name_space = name_space, .process = pid});
  }
  mounts.on_nested(found, start + 1s);
  const auto readings = mounts.read_due(start + 1s, 1000);
  EXPECT_THAT(readings, SizeIs(1 + 16));
  const auto first = std::ranges::find(readings, id, &ContainerMounts::Reading::key);
  ASSERT_NE(first, readings.end());
  ASSERT_THAT(first->mounts, SizeIs(1));
  EXPECT_EQ(first->mounts[0].reason, "4 more mount namespaces of its processes, which are not looked into");
}

// A number may have been another process's since its container was told of.
class ReusedNumberTest : public ContainerMountsTest {
 protected:
  void put(model::Pid pid, const std::string& cgroup, int start_time) const {
    const auto directory = proc.path() / std::to_string(pid.value);
    test::write_file(directory / "cgroup", "0::" + cgroup + "\n");
    test::write_file(directory / "stat", std::to_string(pid.value) +
                                             " (a) b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " +
                                             std::to_string(start_time) + " 2494464 100\n");
  }
  std::size_t read_again(const std::string& key, ContainerMounts::Clock::time_point now) {
    mounts.touch(key, now);
    return read(now);
  }

  const std::string another = std::string(64, 'b');
};

TEST_F(ReusedNumberTest, ShowsNoMountsOfAnotherContainer) {
  put(init, "/docker/" + another, 50);
  EXPECT_EQ(read(start), 0U);
  EXPECT_THAT(mounts.name_spaces(), testing::Not(testing::Contains("mnt:[1]")));
  for (const std::string& cgroup :
       {"/docker/" + id, "/docker/" + another + "/docker/" + id, std::string("/user.slice/named.scope")}) {
    put(init, cgroup, 50);
    EXPECT_EQ(read_again(id, start), 1U) << cgroup;
  }
}

TEST_F(ReusedNumberTest, IsKnownByTheStartOfTheProcess) {
  put(init, "/", 50);
  EXPECT_EQ(read(start), 1U);
  EXPECT_EQ(read_again(id, start), 1U);
  put(init, "/", 51);
  EXPECT_EQ(read_again(id, start), 0U);
}

TEST_F(ReusedNumberTest, ShowsNoOtherNamespaceOfTheContainerEither) {
  ASSERT_EQ(read(start), 1U);
  const std::string name_space = "mnt:[2]";
  auto now = start;
  // Whoever is in it may be asked, whenever it started.
  for (const model::Pid pid : {model::Pid{500}, model::Pid{501}}) {
    now += 1s;
    add_process(pid, name_space);
    put(pid, "/docker/" + id, pid.value);
    mounts.on_nested({{.container = {id}, .name_space = name_space, .process = pid}}, now);
    EXPECT_EQ(read(now), 1U);
  }
  put({501}, "/docker/" + another, 501);
  EXPECT_EQ(read_again(id + " " + name_space, now), 0U);
}

}  // namespace
}  // namespace dropwarden::monitor
