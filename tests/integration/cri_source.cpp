// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "dropwarden/container/source.hpp"
#include "dropwarden/privilege/privilege.hpp"

#include "support/command.hpp"
#include "support/containerd_server.hpp"
#include "support/cri_driver.hpp"
#include "support/guard.hpp"
#include "support/loop.hpp"
#include "support/requirements.hpp"

// The CRI source on a real containerd: what a fake one in the unit tests takes for granted.
namespace dropwarden::test {
namespace {

using model::ContainerState;
using model::Metadata;
using namespace std::chrono_literals;

class Observer final : public container::Observer {
 public:
  void on_list(const std::string&, std::vector<model::Container> list) override {
    ++lists;
    containers.clear();
    for (auto& one : list) containers[one.id.value] = std::move(one);
  }
  void on_container(const std::string&, model::Container one) override {
    containers[one.id.value] = std::move(one);
  }
  void on_gone(const std::string&, const model::ContainerId& id) override { containers.erase(id.value); }
  void on_state(const container::SourceState& now) override { state = now; }

  const model::Container* find(const std::string& id) const {
    const auto found = containers.find(id);
    return found == containers.end() ? nullptr : &found->second;
  }
  bool knows(const std::string& id, Metadata metadata, ContainerState in_state) const {
    const auto* found = find(id);
    return found != nullptr && found->metadata == metadata && found->state == in_state;
  }

  int lists = 0;
  std::map<std::string, model::Container> containers;
  container::SourceState state;
};

class CriSource : public testing::Test {
 public:
  static RuntimePlace place;
  static std::unique_ptr<TestImages> images;
  static std::unique_ptr<ContainerdServer> server;

 protected:
  void SetUp() override {
    static const std::string missing = missing_requirement({"containerd", "ctr", "runc"});
    if (!missing.empty()) GTEST_SKIP() << missing;
    if (!server) {
      std::filesystem::create_directory(place.directory + "/images");
      std::filesystem::create_directory(place.directory + "/c");
      images = std::make_unique<TestImages>(place.directory + "/images");
      server =
          std::make_unique<ContainerdServer>(RuntimePlace{place.directory + "/c", place.cgroup}, *images);
    }
    driver.emplace(server->socket(), place.cgroup);
  }

  void TearDown() override {
    if (driver) driver->remove_all_pods();
  }

  void follow() {
    source = container::make_cri_source(
        loop, {.socket = server->socket()},
        [this](const std::string& path) { return privilege->connect_unix(path); }, observer);
    source->start();
    ASSERT_TRUE(wait([&] { return observer.lists > 0; })) << observer.state.problem;
  }
  bool wait(const std::function<bool()>& condition) { return run_until(loop, condition, 60s); }

  std::string run(const CriPod& pod, const std::string& name) {
    return driver->run_container(pod,
                                 {.name = name, .image = images->busybox.name, .command = {"sleep", "1000"}});
  }
  void expect_own_process(const model::Container& one) {
    const auto cgroup = privilege->read_process_file(one.init.value, privilege::ProcessFile::cgroup);
    ASSERT_TRUE(cgroup) << cgroup.error().text();
    EXPECT_NE(cgroup->find(one.id.value), std::string::npos)
        << one.init.value << " is not in " << one.id.value;
  }

  std::optional<CriDriver> driver;
  boost::asio::io_context loop;
  Observer observer;
  std::unique_ptr<privilege::Privilege> privilege = privilege::make_direct();
  std::unique_ptr<container::Source> source;
};

RuntimePlace CriSource::place;
std::unique_ptr<TestImages> CriSource::images;
std::unique_ptr<ContainerdServer> CriSource::server;

TEST_F(CriSource, ListsRunningContainersWithProcessPodAndImage) {
  const CriPod shop = driver->run_pod("shop", "prod");
  const CriPod bank = driver->run_pod("bank", "default");
  const std::map<std::string, const CriPod*> pods{
      {run(shop, "web"), &shop}, {run(shop, "log"), &shop}, {run(bank, "vault"), &bank}};
  follow();
  EXPECT_TRUE(observer.state.is_connected);
  EXPECT_TRUE(observer.state.version.starts_with("containerd ")) << observer.state.version;
  EXPECT_EQ(observer.containers.size(), 5U) << "three, and the sandboxes of two pods";
  for (const auto& [id, pod] : pods) {
    const model::Container* one = observer.find(id);
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(one->metadata, Metadata::complete);
    EXPECT_EQ(one->state, ContainerState::running);
    EXPECT_EQ(one->runtime, model::Runtime::containerd);
    EXPECT_EQ(one->image.name, images->busybox.name);
    EXPECT_EQ(one->image.digest, images->busybox.id) << "an image that was imported has no repository";
    EXPECT_EQ(one->labels.at("io.kubernetes.container.name"), one->name);
    ASSERT_TRUE(one->pod);
    EXPECT_EQ(one->pod->name, pod->name);
    EXPECT_EQ(one->pod->name_space, pod->name_space);
    EXPECT_EQ(one->pod->uid, pod->uid);
    EXPECT_FALSE(one->is_sandbox);
    EXPECT_GT(one->started, util::WallTime{});
    expect_own_process(*one);
    const model::Container* sandbox = observer.find(pod->id);
    ASSERT_NE(sandbox, nullptr);
    EXPECT_TRUE(sandbox->is_sandbox);
    EXPECT_EQ(sandbox->pod->uid, pod->uid);
    expect_own_process(*sandbox);
  }
}

TEST_F(CriSource, SeesAContainerStartExitAndGo) {
  follow();
  const CriPod pod = driver->run_pod("shop");
  ASSERT_TRUE(wait([&] { return observer.knows(pod.id, Metadata::complete, ContainerState::running); }));
  EXPECT_TRUE(observer.find(pod.id)->is_sandbox);
  EXPECT_EQ(observer.lists, 1) << "by its event";

  const std::string id = run(pod, "web");
  ASSERT_TRUE(wait([&] { return observer.knows(id, Metadata::complete, ContainerState::running); }));
  const model::Container one = *observer.find(id);
  EXPECT_EQ(one.name, "web");
  EXPECT_EQ(one.pod->uid, pod.uid);
  EXPECT_TRUE(std::filesystem::is_directory(one.upperdir)) << one.upperdir;
  expect_own_process(one);

  EXPECT_EQ(driver->execute(id, {"true"}).exit_code, 0);
  driver->stop_container(id);
  ASSERT_TRUE(wait([&] { return observer.knows(id, Metadata::complete, ContainerState::exited); }));
  EXPECT_EQ(observer.find(id)->init.value, 0);
  driver->remove_container(id);
  EXPECT_TRUE(wait([&] { return observer.find(id) == nullptr; }));
}

TEST_F(CriSource, GoesOnAfterContainerdWasRestarted) {
  const CriPod pod = driver->run_pod("shop");
  const std::string before = run(pod, "before");
  const std::string leaving = run(pod, "leaving");
  follow();
  const model::Pid init = observer.find(before)->init;
  server->stop();
  ASSERT_TRUE(wait([&] { return !observer.state.is_connected; }));
  EXPECT_FALSE(observer.state.problem.empty());
  EXPECT_NE(observer.find(before), nullptr) << "the container runs on";
  server->start();
  driver->stop_container(leaving);
  driver->remove_container(leaving);
  ASSERT_TRUE(wait([&] { return observer.state.is_connected && observer.find(leaving) == nullptr; }));
  EXPECT_EQ(observer.find(before)->init, init);
  EXPECT_TRUE(observer.knows(before, Metadata::complete, ContainerState::running));
  const std::string after = run(pod, "after");
  EXPECT_TRUE(wait([&] { return observer.knows(after, Metadata::complete, ContainerState::running); }));
}

TEST_F(CriSource, TellsContainersThatCriDoesNotKnow) {
  const std::vector<std::string> ctr{"ctr", "--address", server->socket(), "--namespace", "other"};
  const auto call = [&](std::vector<std::string> more) {
    more.insert(more.begin(), ctr.begin(), ctr.end());
    require_command(more);
  };
  call({"images", "import", images->archive_of(images->busybox)});
  const auto start = [&](const std::string& name) {
    call({"run", "--detach", "--cgroup", place.cgroup + "/" + name, images->busybox.name, name, "sleep",
          "1000"});
  };
  start("early");
  follow();
  EXPECT_TRUE(observer.knows("early", Metadata::none, ContainerState::running));
  start("late");
  ASSERT_TRUE(wait([&] { return observer.knows("late", Metadata::none, ContainerState::running); }));
  EXPECT_TRUE(std::filesystem::is_directory(observer.find("late")->upperdir));
  expect_own_process(*observer.find("early"));
  expect_own_process(*observer.find("late"));
  for (const char* name : {"early", "late"}) {
    call({"tasks", "kill", "--signal", "9", name});
    call({"tasks", "delete", "--force", name});
    call({"containers", "delete", name});
  }
  EXPECT_TRUE(wait([&] { return observer.find("early") == nullptr && observer.find("late") == nullptr; }));
}

}  // namespace
}  // namespace dropwarden::test

int main(int argc, char** argv) {
  using dropwarden::test::CriSource;
  return dropwarden::test::run_guarded([&](const dropwarden::test::RuntimePlace& place) {
    testing::InitGoogleTest(&argc, argv);
    CriSource::place = place;
    const int status = RUN_ALL_TESTS();
    CriSource::server.reset();
    return status;
  });
}
