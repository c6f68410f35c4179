// SPDX-License-Identifier: Apache-2.0
#include "monitor/container_mounts.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::monitor {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const std::string id(64, 'a');
const std::string nested = "mnt:[100]";
constexpr model::Pid init{400};
constexpr ContainerMounts::Clock::time_point start{1h};

// A container whose first process is `init`, of which all that is mounted is told.
class ContainerMountsTest : public testing::Test {
 protected:
  ContainerMountsTest() {
    add_process(init, "mnt:[1]");
    mounts.set_watch_namespace([](model::Pid) { return true; });
    add_container(id, init);
    mounts.on_containers(std::make_shared<const container::Snapshot>(snapshot));
  }

  void add_container(const std::string& name, model::Pid first) {
    auto container = std::make_shared<model::Container>();
    container->id = {name};
    container->init = first;
    snapshot.containers.insert_or_assign(name, std::move(container));
  }
  // Each with a first process of its own, which shows something.
  void add_containers(int count) {
    for (int i = 0; i < count; ++i) {
      const model::Pid first{1000 + i};
      add_process(first, "mnt:[" + std::to_string(first.value) + "]");
      add_container("other" + std::to_string(i), first);
    }
    mounts.on_containers(std::make_shared<const container::Snapshot>(snapshot));
  }
  // Of `id`, as many as are looked into.
  std::vector<NestedNamespace> make_namespaces(int count = 16) const {
    std::vector<NestedNamespace> made;
    for (int number = 0; number < count; ++number) {
      const model::Pid pid{500 + number};
      const std::string name_space = "mnt:[" + std::to_string(100 + number) + "]";
      add_process(pid, name_space);
      made.push_back({.container = {id}, .name_space = name_space, .process = pid});
    }
    return made;
  }

  void add_process(model::Pid pid, const std::string& name_space, const std::string& device = "0:40") const {
    const auto directory = proc.path() / std::to_string(pid.value);
    std::filesystem::create_directories(directory / "ns");
    std::filesystem::remove(directory / "ns/mnt");
    std::filesystem::create_symlink(name_space, directory / "ns/mnt");
    test::write_file(directory / "mountinfo",
                     "30 20 " + device + " / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n");
  }
  // As when it executes a program in a namespace that the container made. Whether there is something to read.
  bool execute(model::Pid pid, ContainerMounts::Clock::time_point now) {
    return mounts.add_nested({.container = {id}, .name_space = nested, .process = pid}, now);
  }
  std::size_t read(ContainerMounts::Clock::time_point now) { return mounts.read_due(now, 1000).size(); }

  // The keys of what a turn of the loop reads.
  std::vector<std::string> take_turn(ContainerMounts::Clock::time_point now) {
    std::vector<std::string> keys;
    for (const auto& reading : mounts.read_due(now, 8)) keys.push_back(reading.key);
    return keys;
  }

  test::TemporaryDirectory proc;
  std::unique_ptr<privilege::Privilege> privilege = privilege::make_direct({.proc = proc.path()});
  ContainerMounts mounts{*privilege};
  container::Snapshot snapshot;
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
  mounts.on_nested(make_namespaces(20), start + 1s);
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
  EXPECT_THAT(mounts.name_spaces(), Not(Contains("mnt:[1]")));
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
  put({500}, "/docker/" + another, 500);
  EXPECT_EQ(read_again(id + " " + name_space, now), 0U);
  now += 1s;
  mounts.on_nested({{.container = {id}, .name_space = name_space, .process = {501}}}, now);
  EXPECT_EQ(read(now), 1U);
}

TEST_F(ContainerMountsTest, OfANamespaceWhoseProcessIsThereStillAreNotReadForEachExecution) {
  ASSERT_EQ(read(start), 1U);
  for (const int pid : {500, 501, 502}) add_process({pid}, nested);
  int readings = 0;
  for (int i = 0; i < 1000; ++i) {
    execute({500 + i % 3}, start + i * 1ms);
    readings += static_cast<int>(read(start + i * 1ms));
  }
  EXPECT_EQ(readings, 1);
}

TEST_F(ContainerMountsTest, OfANamespaceAreReadAgainOnceTheProcessThatShowedItHasLeft) {
  ASSERT_EQ(read(start), 1U);
  for (const int pid : {500, 501, 502}) add_process({pid}, nested);
  EXPECT_TRUE(execute({500}, start));
  ASSERT_EQ(read(start), 1U);
  add_process({500}, "mnt:[101]");
  EXPECT_TRUE(execute({501}, start + 1s));
  EXPECT_EQ(mounts.read_due(start + 1s, 1000).at(0).process, model::Pid{501});
  std::filesystem::remove_all(proc.path() / "501");
  EXPECT_TRUE(execute({502}, start + 2s));
  EXPECT_EQ(mounts.read_due(start + 2s, 1000).at(0).process, model::Pid{502});
}

// As one does that was put into a directory by chroot(2).
TEST_F(ContainerMountsTest, OfANamespaceAreReadByWhoeverSeesOtherOnes) {
  ASSERT_EQ(read(start), 1U);
  for (const int pid : {500, 501}) add_process({pid}, nested);
  test::write_file(proc.path() / "500/mountinfo", "31 30 0:50 / / rw - tmpfs own rw\n");
  execute({500}, start);
  ASSERT_EQ(read(start), 1U);
  execute({501}, start + 10ms);
  EXPECT_EQ(mounts.read_due(start + 1s, 1000).at(0).process, model::Pid{501});
  std::filesystem::remove_all(proc.path() / "500");
  execute({500}, start + 2s);
  EXPECT_EQ(mounts.read_due(start + 3s, 1000).at(0).process, model::Pid{501}) << "the other has ended since";
}

TEST_F(ContainerMountsTest, OfANamespaceAreNotReadByOneThatSeesFewer) {
  ASSERT_EQ(read(start), 1U);
  for (const int pid : {500, 499}) add_process({pid}, nested);
  test::write_file(proc.path() / "499/mountinfo", "");
  execute({500}, start);
  ASSERT_EQ(read(start), 1U);
  execute({499}, start + 10ms);
  EXPECT_EQ(mounts.read_due(start + 1s, 1000).at(0).process, model::Pid{500});
}

TEST_F(ContainerMountsTest, OfAFirstProcessThatIsJailedAreReadByAnotherInItsNamespace) {
  std::filesystem::create_symlink("/jail", proc.path() / std::to_string(init.value) / "root");
  ASSERT_EQ(read(start), 1U);
  EXPECT_THAT(mounts.name_spaces(), Not(Contains("mnt:[1]")))
      << "so that a look at all processes finds another";
  for (const int pid : {500, 501}) add_process({pid}, "mnt:[1]");
  const NestedNamespace jailed{
      .container = {id}, .name_space = "mnt:[1]", .process = {501}, .is_jailed = true};
  EXPECT_FALSE(mounts.add_nested(jailed, start));
  mounts.on_nested({{.container = {id}, .name_space = "mnt:[1]", .process = {500}}}, start);
  const auto readings = mounts.read_due(start + 1s, 1000);
  ASSERT_THAT(readings, SizeIs(1));
  EXPECT_EQ(readings[0].process, model::Pid{500});
  EXPECT_EQ(readings[0].key, id);
  EXPECT_THAT(mounts.name_spaces(), Contains("mnt:[1]"));
  std::filesystem::remove_all(proc.path() / "500");
  mounts.touch(id);
  EXPECT_EQ(mounts.read_due(start + 2s, 1000).at(0).process, init);
}

TEST_F(ContainerMountsTest, OfANamespaceInWhichAllAreJailedAreReadAndNotLeftOut) {
  std::filesystem::create_symlink("/jail", proc.path() / std::to_string(init.value) / "root");
  ASSERT_EQ(read(start), 1U);
  add_process({500}, "mnt:[1]");
  mounts.on_nested({{.container = {id}, .name_space = "mnt:[1]", .process = {500}, .is_jailed = true}},
                   start + 1s);
  EXPECT_EQ(read(start + 2s), 0U);
}

// A process that leaves a namespace can make another, which may get the number that has become free.
TEST_F(ContainerMountsTest, OfANamespaceThatMayHaveTheNumberOfAnotherAreReadWithinASecond) {
  std::vector<model::Pid> watched;
  mounts.set_watch_namespace([&](model::Pid pid) {
    watched.push_back(pid);
    return true;
  });
  ASSERT_EQ(read(start), 1U);
  for (const int pid : {500, 501}) add_process({pid}, nested);
  execute({500}, start);
  ASSERT_EQ(read(start), 1U);
  EXPECT_TRUE(execute({501}, start + 10ms));
  EXPECT_FALSE(execute({501}, start + 20ms)) << "that is due already";
  EXPECT_EQ(read(start + 20ms), 0U);
  watched.clear();
  EXPECT_EQ(read(start + 1s), 1U);
  EXPECT_THAT(watched, ElementsAre(model::Pid{500})) << "else nothing tells of its mounts";
  EXPECT_EQ(mounts.next_due(), std::nullopt);
}

TEST_F(ContainerMountsTest, OfAContainerThatHasManyLeaveEachOtherOneItsTurn) {
  std::vector<model::Pid> mounters{init};
  const auto namespaces = make_namespaces();
  for (const auto& made : namespaces) mounters.push_back(made.process);
  mounts.on_nested(namespaces, start);
  ASSERT_EQ(read(start), 1U + 16U);
  add_containers(30);
  std::set<std::string> seen;
  for (int turn = 1; turn <= 5; ++turn) {
    const auto now = start + turn * 20ms;
    mounts.on_mounted(mounters, now);
    const auto keys = take_turn(now);
    EXPECT_THAT(keys, SizeIs(8));
    for (const std::string& key : keys) seen.insert(key.substr(0, key.find(' ')));
  }
  EXPECT_THAT(seen, SizeIs(1 + 30));
}

TEST_F(ContainerMountsTest, OfOneContainerAreReadInTheOrderInWhichTheyWait) {
  mounts.on_nested(make_namespaces(), start);
  std::set<std::string> seen;
  for (int turn = 0; turn < 3; ++turn) {
    for (const std::string& key : take_turn(start + turn * 20ms)) seen.insert(key);
    // All are due again, those that were not read yet still.
    mounts.set_options({});
  }
  EXPECT_THAT(seen, SizeIs(1 + 16));
}

TEST_F(ContainerMountsTest, OfContainersThatComeWithoutEndPutOffNobodyWhoWaits) {
  add_containers(100);
  ASSERT_EQ(read(start), 1U + 100U);
  mounts.set_options({});  // all are due
  EXPECT_THAT(take_turn(start + 1s), SizeIs(8));
  for (int i = 100; i < 200; ++i) add_container("new" + std::to_string(i), {1000 + i % 100});
  mounts.on_containers(std::make_shared<const container::Snapshot>(snapshot));
  EXPECT_THAT(take_turn(start + 2s), Each(Not(StartsWith("new"))));
}

TEST_F(ContainerMountsTest, ThatWaitForSecondsAreTold) {
  add_containers(99);
  const auto overdue_after = [&](std::chrono::milliseconds when) {
    take_turn(start + when);
    return mounts.take_overdue().size();
  };
  EXPECT_EQ(overdue_after(0s), 0U);
  EXPECT_EQ(overdue_after(4900ms), 0U);
  EXPECT_EQ(overdue_after(5s), 100U - 3 * 8);
  EXPECT_EQ(overdue_after(6s), 0U) << "told already";
  EXPECT_EQ(overdue_after(10s), 100U - 5 * 8);
  read(start + 11s);
  mounts.set_options({});
  EXPECT_EQ(overdue_after(20s), 0U) << "due only now";
}

TEST_F(ContainerMountsTest, ThatCannotBeReadAreLookedAtAllTheSame) {
  ASSERT_EQ(read(start), 1U);
  EXPECT_FALSE(mounts.has_polled()) << "all is told of it";
  add_container("gone", {4000});
  mounts.on_containers(std::make_shared<const container::Snapshot>(snapshot));
  EXPECT_EQ(read(start), 0U);
  EXPECT_TRUE(mounts.has_polled());
  EXPECT_EQ(read(start), 0U);
  EXPECT_FALSE(mounts.has_polled()) << "nothing was due";
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

// Of the first process, in whatever namespace: those of others are theirs.
TEST_F(ContainerMountsTest, TellWhichOverlayIsTheRoot) {
  std::vector<std::string> told;
  mounts.set_on_root([&](const std::string& container, const model::Device& root, auto) {
    told.push_back(container + " 0:" + std::to_string(root.minor));
  });
  ASSERT_EQ(read(start), 1U);
  EXPECT_THAT(told, ElementsAre(id + " 0:40"));
  add_process({500}, nested, "0:41");
  ASSERT_TRUE(execute({500}, start));
  ASSERT_EQ(read(start), 1U);
  EXPECT_THAT(told, SizeIs(1));
  add_process(init, "mnt:[1]", "0:42");
  mounts.on_mounted({init}, start + 1s);
  ASSERT_EQ(read(start + 1s), 1U);
  EXPECT_THAT(told, ElementsAre(id + " 0:40", id + " 0:42"));
}

// unshare(2): the kernel was asked to tell of the namespace that it was in.
TEST_F(ContainerMountsTest, AreReadAgainOnceTheFirstProcessHasLeftItsNamespace) {
  ASSERT_EQ(read(start), 1U);
  const std::vector<NestedNamespace> found{{.container = {id}, .name_space = nested, .process = {500}}};
  add_process({500}, nested, "0:41");
  mounts.on_nested(found, start + 1s);
  ASSERT_EQ(read(start + 1s), 1U) << "the other namespace";
  add_process(init, nested, "0:41");
  mounts.on_nested(found, start + 2s);
  const auto readings = mounts.read_due(start + 2s, 1000);
  ASSERT_THAT(readings, SizeIs(Ge(1U)));
  EXPECT_THAT(mounts.name_spaces(), Contains(nested));
}

}  // namespace
}  // namespace dropwarden::monitor
