// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "monitor/attribution.hpp"
#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::monitor {
namespace {

using model::Belonging;

const std::string id = "c0ffee0000000000000000000000000000000000000000000000000000000001";
const std::string another = "c0ffee0000000000000000000000000000000000000000000000000000000002";
constexpr model::Device device{0, 53};
constexpr std::int32_t init = 400;

// A finding in a container whose first process is `init`, and who closed the file.
class BelongingTest : public testing::Test {
 protected:
  Belonging belonging_of(const std::string& writer_cgroup, const std::string& container = id) {
    WatchedMounts overlays;
    WatchedMount overlay;
    overlay.device = device;
    overlay.container = {container};
    overlays.add(std::move(overlay), {});
    Attribution attribution(*privilege, overlays);
    auto snapshot = std::make_shared<container::Snapshot>();
    auto known = std::make_shared<model::Container>();
    known->id = {container};
    known->init = {init};
    snapshot->containers.emplace(container, std::move(known));
    attribution.on_containers(std::move(snapshot));
    finding = {};
    finding.event.process.cgroup = writer_cgroup;
    finding.event.process.mount_namespace = 77;
    finding.event.process.pid_in_container = {9};
    finding.event.process.parent_in_container = {8};
    attribution.resolve(finding, {.device = device, .file_system = {}, .mount = {}});
    return finding.event.process.container;
  }

  // The first process, as /proc would tell it.
  void add_init(const std::string& cgroup, std::uint64_t mount_namespace = 1) const {
    const auto process = proc.path() / std::to_string(init);
    std::filesystem::remove_all(process);
    std::filesystem::create_directories(process / "ns");
    test::write_file(process / "cgroup", "0::" + cgroup + "\n");
    std::filesystem::create_symlink("mnt:[" + std::to_string(mount_namespace) + "]", process / "ns/mnt");
  }

  test::TemporaryDirectory proc;
  std::unique_ptr<privilege::Privilege> privilege = privilege::make_direct({.proc = proc.path()});
  model::Finding finding;
};

TEST_F(BelongingTest, IsToldByTheCgroupThatNamesTheContainer) {
  EXPECT_EQ(belonging_of("0::/docker/" + id + "\n"), Belonging::same);
  EXPECT_EQ(finding.event.process.pid_in_container.value, 9);
  EXPECT_EQ(belonging_of("0::/docker/" + id + "/system.slice\n"), Belonging::same);
  EXPECT_EQ(belonging_of("0::/docker/" + another + "\n"), Belonging::other);
  EXPECT_EQ(finding.event.process.pid_in_container.value, 0) << "it is no number of this container";
  EXPECT_EQ(finding.event.process.parent_in_container.value, 0);
}

TEST_F(BelongingTest, IsNotTakenByACgroupThatAContainerNamedAfterAnother) {
  EXPECT_EQ(belonging_of("0::/docker/" + another + "/docker/" + id + "\n"), Belonging::other);
}

TEST_F(BelongingTest, IsNotTakenByACgroupThatAUserOfTheHostNamedAfterIt) {
  const std::string own = "/user.slice/user-1000.slice/user@1000.service/docker-" + id + ".scope";
  const std::string users = "0::" + own + "\n";
  EXPECT_EQ(belonging_of(users), Belonging::unknown) << "there is nothing to compare it with";
  add_init("/system.slice/docker-" + id + ".scope/init");
  EXPECT_EQ(belonging_of(users), Belonging::host);
  EXPECT_EQ(finding.event.process.pid_in_container.value, 0);
  EXPECT_EQ(belonging_of("0::/system.slice/docker-" + id + ".scope/service\n"), Belonging::same);
  EXPECT_EQ(belonging_of("0::/system.slice/delegated.service/docker-" + id + ".scope\n"), Belonging::host)
      << "whoever else may make a cgroup";
  add_init("/user.slice/user-1001.slice/user@1001.service/docker-" + id + ".scope");
  EXPECT_EQ(belonging_of(users), Belonging::host) << "another user's container";
  add_init(own + "/container");
  EXPECT_EQ(belonging_of(users), Belonging::same);
}

TEST_F(BelongingTest, IsTheHostsWhereTheContainersOwnProcessesAreNamed) {
  add_init("/docker/" + id);
  EXPECT_EQ(belonging_of("0::/system.slice/docker.service\n"), Belonging::host);
  EXPECT_EQ(finding.event.process.pid_in_container.value, 0);
  EXPECT_EQ(belonging_of("0::/\n"), Belonging::host) << "a thread of the kernel";
}

TEST_F(BelongingTest, OfAProcessAloneIsToldByItsCgroup) {
  WatchedMounts overlays;
  const Attribution attribution(*privilege, overlays);
  EXPECT_EQ(attribution.container_of({init}), std::nullopt) << "it is gone";
  EXPECT_EQ(attribution.container_of({}), std::nullopt);
  add_init("/docker/" + id);
  EXPECT_EQ(attribution.container_of({init}), model::ContainerId{id});
  add_init("/docker/" + another + "/docker/" + id);
  EXPECT_EQ(attribution.container_of({init}), model::ContainerId{another});
  add_init("/system.slice/docker.service");
  EXPECT_EQ(attribution.container_of({init}), std::nullopt);
}

TEST_F(BelongingTest, IsUnknownWhenNothingTells) {
  EXPECT_EQ(belonging_of(""), Belonging::unknown) << "the writer was gone";
  EXPECT_EQ(belonging_of("0::/system.slice\n"), Belonging::unknown)
      << "the container's first process is gone";
  EXPECT_EQ(finding.event.process.pid_in_container.value, 9) << "what was known stays";
  add_init("/docker/" + another);
  EXPECT_EQ(belonging_of("0::/system.slice\n"), Belonging::unknown) << "its number is another's by now";
}

TEST_F(BelongingTest, IsToldByTheCgroupOfTheFirstProcessWhereTheUserNamedIt) {
  add_init("/default/web", 77);
  EXPECT_EQ(belonging_of("0::/default/web/worker\n", "web"), Belonging::same);
  EXPECT_EQ(belonging_of("0::/system.slice\n", "web"), Belonging::host);
  add_init("/user.slice/session", 78);
  EXPECT_EQ(belonging_of("0::/user.slice/session\n", "web"), Belonging::unknown)
      << "a container without a cgroup of its own shares that of its caller";
}

}  // namespace
}  // namespace dropwarden::monitor
