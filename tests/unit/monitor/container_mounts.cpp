// SPDX-License-Identifier: Apache-2.0
#include "monitor/container_mounts.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
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

  void add_process(model::Pid pid, const std::string& name_space, const std::string& device = "0:40") const {
    const auto directory = proc.path() / std::to_string(pid.value);
    std::filesystem::create_directories(directory / "ns");
    std::filesystem::create_symlink(name_space, directory / "ns/mnt");
    test::write_file(directory / "mountinfo",
                     "30 20 " + device + " / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n");
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

// The root of the first process may become known later.
TEST_F(ContainerMountsTest, OfAnotherNamespaceHaveARootThatIsItsOwnUnlessItIsTheContainers) {
  add_process({500}, "mnt:[2]");
  add_process({501}, "mnt:[3]", "0:41");
  mounts.on_nested({{.container = {id}, .name_space = "mnt:[2]", .process = {500}},
                    {.container = {id}, .name_space = "mnt:[3]", .process = {501}}},
                   start);
  std::map<int, std::string> told;
  for (const auto now : {start, start + 1s}) {
    for (const auto& reading : mounts.read_due(now, 1000)) {
      std::string& reasons = told[reading.process.value];
      reasons.clear();
      for (const auto& judged : reading.mounts) reasons += judged.mount.mount_point + ": " + judged.reason;
    }
  }
  EXPECT_EQ(told.at(init.value), "");
  EXPECT_EQ(told.at(500), "");
  EXPECT_THAT(told.at(501), testing::StartsWith("/: an overlay that the container mounted itself"));
}

}  // namespace
}  // namespace dropwarden::monitor
