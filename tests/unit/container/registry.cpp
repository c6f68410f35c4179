// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/registry.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::container {
namespace {

using model::Container;
using model::ContainerState;
using model::Metadata;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

const std::string cri = "cri /run/containerd/containerd.sock";
const std::string docker = "docker /run/docker.sock";
const std::string processes = "processes";

Container from_processes(const std::string& id, std::int32_t init = 42) {
  Container container;
  container.id = {id};
  container.state = ContainerState::running;
  container.init = {init};
  return container;
}

Container from_runtime(const std::string& id) {
  return {.id = {id},
          .name = "web",
          .runtime = model::Runtime::containerd,
          .image = {.name = "nginx:1", .digest = "sha256:1"},
          .labels = {{"app", "web"}},
          .pod = model::Pod{.name = "web-0", .name_space = "default", .uid = "u"},
          .state = ContainerState::running,
          .init = {42},
          .upperdir = "/upper",
          .started = util::WallTime(5s),
          .metadata = Metadata::complete};
}

class RegistryTest : public testing::Test {
 protected:
  const Container& known(const std::string& id) {
    const auto* container = registry_.snapshot()->find({id});
    if (container == nullptr) {
      ADD_FAILURE() << id << " is not known";
      static const Container none;
      return none;
    }
    return *container;
  }
  bool is_known(const std::string& id) const { return registry_.snapshot()->find({id}) != nullptr; }

  int changes_ = 0;
  std::chrono::steady_clock::time_point now_{};
  Registry registry_{[this](const auto& snapshot) {
                       ++changes_;
                       EXPECT_EQ(snapshot, registry_.snapshot());
                     },
                     {.keep_ended = 60s, .most_ended = 3, .now = [this] { return now_; }}};
};

TEST_F(RegistryTest, KnowsNothingAtFirst) {
  EXPECT_THAT(registry_.snapshot()->containers, IsEmpty());
  EXPECT_EQ(registry_.snapshot()->find({"a"}), nullptr);
}

TEST_F(RegistryTest, PublishesWhatASourceSays) {
  registry_.on_container(cri, from_runtime("a"));
  EXPECT_EQ(known("a"), from_runtime("a"));
  EXPECT_EQ(changes_, 1);
}

TEST_F(RegistryTest, PublishesNothingWhenNothingIsNew) {
  registry_.on_list(cri, {from_runtime("a"), from_runtime("b")});
  EXPECT_EQ(changes_, 1);
  const auto before = registry_.snapshot();
  registry_.on_list(cri, {from_runtime("b"), from_runtime("a")});
  registry_.on_container(cri, from_runtime("a"));
  registry_.on_gone(cri, {"c"});
  registry_.on_gone(docker, {"a"});
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(registry_.snapshot(), before);
}

TEST_F(RegistryTest, LeavesASnapshotAsItWas) {
  registry_.on_container(cri, from_runtime("a"));
  const auto before = registry_.snapshot();
  auto renamed = from_runtime("a");
  renamed.name = "other";
  registry_.on_container(cri, renamed);
  registry_.on_container(cri, from_runtime("b"));
  EXPECT_EQ(before->find({"a"})->name, "web");
  EXPECT_EQ(before->find({"b"}), nullptr);
  EXPECT_EQ(known("a").name, "other");
}

TEST_F(RegistryTest, MergesFieldByFieldWhoeverSpeaksFirst) {
  auto told = from_runtime("a");
  told.init = {};
  told.image.digest.clear();
  told.pod->uid.clear();
  auto seen = from_processes("a", 42);
  seen.runtime = model::Runtime::docker;  // the parser's guess
  seen.pod = model::Pod{.name = {}, .name_space = {}, .uid = "u"};

  auto expected = told;
  expected.init = {42};
  expected.pod->uid = "u";
  for (const bool runtime_first : {true, false}) {
    SCOPED_TRACE(runtime_first);
    Registry registry;
    registry.on_container(runtime_first ? cri : processes, runtime_first ? told : seen);
    registry.on_container(runtime_first ? processes : cri, runtime_first ? seen : told);
    EXPECT_EQ(*registry.snapshot()->find({"a"}), expected);
  }
}

TEST_F(RegistryTest, PrefersBetterMetadataThenWhatWasSaidLast) {
  const auto named = [](const char* name, Metadata metadata) {
    Container container;
    container.id = {"a"};
    container.name = name;
    container.metadata = metadata;
    return container;
  };
  registry_.on_container("one", named("complete", Metadata::complete));
  registry_.on_container("two", named("pending", Metadata::pending));
  registry_.on_container("three", named("none", Metadata::none));
  EXPECT_EQ(known("a").name, "complete");
  EXPECT_EQ(known("a").metadata, Metadata::complete);
  registry_.on_container("two", named("complete too", Metadata::complete));
  EXPECT_EQ(known("a").name, "complete too");
}

// As of a container of ctr, of which a runtime tells no more than its processes do.
TEST_F(RegistryTest, PrefersARuntimeThatSaysLittleToProcThatSpokeLast) {
  auto told = from_processes("a", 42);
  registry_.on_container(cri, told);
  registry_.on_container(processes, from_processes("a", 666));
  EXPECT_EQ(known("a").init.value, 42);
  told.state = ContainerState::exited;
  registry_.on_container(cri, told);
  registry_.on_container(processes, from_processes("a", 666));
  EXPECT_EQ(known("a").state, ContainerState::exited);
}

TEST_F(RegistryTest, TakesTheStateThatARuntimeSaidLast) {
  auto container = from_runtime("a");
  container.state = ContainerState::created;
  container.init = {};
  registry_.on_container(cri, container);
  EXPECT_EQ(known("a").state, ContainerState::created);
  Container event;
  event.id = {"a"};
  event.state = ContainerState::running;
  event.metadata = Metadata::pending;
  registry_.on_container(docker, event);
  EXPECT_EQ(known("a").state, ContainerState::running);
  event.state = ContainerState::unknown;
  registry_.on_container(docker, event);
  EXPECT_EQ(known("a").state, ContainerState::created) << "unknown says nothing";
}

TEST_F(RegistryTest, BelievesARuntimeThatAContainerExitedThoughProcessesWereSeenLater) {
  auto container = from_runtime("a");
  container.state = ContainerState::exited;
  registry_.on_container(cri, container);
  registry_.on_container(processes, from_processes("a", 42));
  EXPECT_EQ(known("a").state, ContainerState::exited);
  EXPECT_EQ(known("a").init.value, 0) << "the pid may be another process by now";
}

TEST_F(RegistryTest, ForgetsNothingThatASourceKnewWhileAnotherStillHasTheContainer) {
  registry_.on_container(processes, from_processes("a"));
  registry_.on_container(cri, from_runtime("a"));
  registry_.on_gone(cri, {"a"});
  auto expected = from_runtime("a");
  EXPECT_EQ(known("a"), expected);
}

// /proc was read before, and nothing has it read again: the number may be another process's by now.
TEST_F(RegistryTest, BelievesNoLookIntoProcOfAContainerWhoseEndARuntimeTold) {
  registry_.on_container(processes, from_processes("a", 4242));
  auto told = from_runtime("a");
  registry_.on_container(docker, told);
  told.state = ContainerState::exited;
  told.init = {};
  registry_.on_container(docker, told);
  registry_.on_gone(docker, {"a"});
  EXPECT_EQ(known("a").state, ContainerState::exited);
  EXPECT_EQ(known("a").init.value, 0);
  registry_.on_list(processes, {from_processes("a", 4242)});
  EXPECT_EQ(known("a").state, ContainerState::exited) << "a look that had begun before it ended";
  now_ += 60s;
  registry_.forget_ended();
  EXPECT_FALSE(is_known("a"));
}

TEST_F(RegistryTest, BelievesProcAgainOnceARuntimeHasStartedTheContainerAnew) {
  auto told = from_runtime("a");
  told.init = {};
  for (const auto state : {ContainerState::running, ContainerState::exited, ContainerState::running}) {
    told.state = state;
    registry_.on_container(docker, told);
    registry_.on_container(processes, from_processes("a", 43));
  }
  EXPECT_EQ(known("a").state, ContainerState::running);
  EXPECT_EQ(known("a").init.value, 43);
}

TEST_F(RegistryTest, HasProcAskedAboutWhatARuntimeLetGoOfWithoutAWordOfItsEnd) {
  int doubts = 0;
  Registry registry({}, {.on_doubt = [&] { ++doubts; }});
  registry.on_list(cri, {from_runtime("a"), from_runtime("b")});
  registry.on_list(processes, {from_processes("a"), from_processes("b")});
  registry.on_gone(cri, {"a"});
  EXPECT_EQ(registry.snapshot()->find({"a"})->state, ContainerState::running);
  EXPECT_EQ(doubts, 1);
  registry.on_gone(processes, {"a"});
  EXPECT_EQ(registry.snapshot()->find({"a"})->state, ContainerState::exited);
  auto exited = from_runtime("b");
  exited.state = ContainerState::exited;
  registry.on_container(cri, exited);
  registry.on_gone(cri, {"b"});
  EXPECT_EQ(doubts, 1) << "there is nothing left to ask";
}

TEST_F(RegistryTest, ForgetsWhatAListLeavesOutForThatSourceAlone) {
  registry_.on_list(cri, {from_runtime("a"), from_runtime("b")});
  registry_.on_list(docker, {from_runtime("c")});
  registry_.on_list(cri, {from_runtime("b")});
  EXPECT_EQ(known("a").state, ContainerState::exited);
  EXPECT_EQ(known("b").state, ContainerState::running);
  EXPECT_EQ(known("c").state, ContainerState::running);
}

TEST_F(RegistryTest, KeepsAnEndedContainerForAWhile) {
  registry_.on_container(cri, from_runtime("a"));
  registry_.on_gone(cri, {"a"});
  EXPECT_EQ(known("a").name, "web");
  EXPECT_EQ(known("a").state, ContainerState::exited);
  EXPECT_EQ(known("a").init.value, 0);
  now_ += 59s;
  registry_.forget_ended();
  EXPECT_TRUE(is_known("a"));
  const int before = changes_;
  now_ += 1s;
  registry_.forget_ended();
  EXPECT_FALSE(is_known("a"));
  EXPECT_EQ(changes_, before + 1);
}

TEST_F(RegistryTest, KeepsAContainerThatComesBack) {
  registry_.on_container(cri, from_runtime("a"));
  registry_.on_gone(cri, {"a"});
  registry_.on_container(processes, from_processes("a", 43));
  EXPECT_EQ(known("a").state, ContainerState::running);
  EXPECT_EQ(known("a").init.value, 43);
  EXPECT_EQ(known("a").name, "web");
  now_ += 61s;
  registry_.forget_ended();
  EXPECT_TRUE(is_known("a"));
}

TEST_F(RegistryTest, KeepsNoMoreEndedContainersThanItMay) {
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    registry_.on_container(cri, from_runtime(id));
    registry_.on_gone(cri, {id});
    now_ += 1s;
  }
  EXPECT_FALSE(is_known("a"));
  EXPECT_FALSE(is_known("b"));
  EXPECT_TRUE(is_known("c") && is_known("d") && is_known("e"));
}

TEST_F(RegistryTest, KnowsASandboxFromWhoeverCanTell) {
  auto sandbox = from_runtime("a");
  sandbox.is_sandbox = true;
  registry_.on_container(cri, sandbox);
  registry_.on_container(docker, from_runtime("a"));
  EXPECT_TRUE(known("a").is_sandbox);
}

// What a runtime that is broken, or not what it says it is, may tell.
TEST_F(RegistryTest, HasOneContainerHoweverOftenAListNamesIt) {
  auto first = from_runtime("a");
  auto second = from_runtime("a");
  first.init = {7};
  second.init = {8};
  registry_.on_list(cri, {first, second});
  EXPECT_EQ(registry_.snapshot()->containers.size(), 1U);
  EXPECT_EQ(known("a").init.value, 8) << "the last word";
  registry_.on_list(cri, {second, first});
  EXPECT_EQ(known("a").init.value, 7);
}

TEST_F(RegistryTest, PassesOverAContainerWithoutAnId) {
  registry_.on_list(cri, {from_runtime(""), from_runtime("a")});
  EXPECT_EQ(registry_.snapshot()->containers.size(), 1U);
}

TEST_F(RegistryTest, ShowsHowTheSourcesStandAndKeepsWhatADeadOneSaid) {
  registry_.on_state({.name = cri, .is_connected = true, .version = "containerd 1.6.20", .problem = {}});
  registry_.on_container(cri, from_runtime("a"));
  registry_.on_state({.name = cri, .is_connected = false, .version = "containerd 1.6.20", .problem = "gone"});
  registry_.on_state({.name = docker, .is_connected = true, .version = {}, .problem = {}});
  const auto snapshot = registry_.snapshot();
  EXPECT_THAT(snapshot->sources, ElementsAre(testing::Field(&SourceState::problem, "gone"),
                                             testing::Field(&SourceState::name, docker)));
  EXPECT_EQ(known("a").state, ContainerState::running);
}

TEST_F(RegistryTest, RemembersThatARuntimeWasThere) {
  registry_.on_state({.name = docker, .problem = "no such socket", .is_absent = true});
  EXPECT_FALSE(registry_.snapshot()->sources[0].was_connected);
  registry_.on_state({.name = docker, .is_connected = true});
  registry_.on_state({.name = docker, .problem = "no such socket", .is_absent = true});
  EXPECT_TRUE(registry_.snapshot()->sources[0].was_connected);
  EXPECT_TRUE(registry_.snapshot()->sources[0].is_absent);
}

TEST_F(RegistryTest, TellsWhichContainersARuntimeKnows) {
  registry_.on_container(processes, from_processes("a"));
  EXPECT_FALSE(registry_.snapshot()->told.contains("a"));
  registry_.on_container(cri, from_processes("a"));
  EXPECT_TRUE(registry_.snapshot()->told.contains("a")) << "though it says nothing that /proc did not";
  registry_.on_gone(cri, {"a"});
  EXPECT_FALSE(registry_.snapshot()->told.contains("a"));
}

TEST_F(RegistryTest, ForgetsASourceThatIsAskedNoMoreAndWhatItAloneSaid) {
  registry_.on_state({.name = cri, .is_connected = true});
  registry_.on_state({.name = docker, .problem = "gone"});
  registry_.on_container(cri, from_runtime("a"));
  registry_.on_container(docker, from_runtime("b"));
  registry_.retain_sources({cri, processes});
  EXPECT_THAT(registry_.snapshot()->sources, ElementsAre(testing::Field(&SourceState::name, cri)));
  EXPECT_EQ(known("a").state, ContainerState::running);
  EXPECT_EQ(known("b").state, ContainerState::exited);
}

TEST(Registry, PublishesOnceWhatManySayInATurn) {
  int changes = 0;
  std::vector<std::function<void()>> put_off;
  Registry registry([&](const std::shared_ptr<const Snapshot>&) { ++changes; },
                    {.defer = [&](std::function<void()> publish) { put_off.push_back(std::move(publish)); }});
  const auto end_turn = [&] {
    for (const auto& publish : std::exchange(put_off, {})) publish();
  };
  for (int i = 0; i < 1000; ++i) registry.on_container(processes, from_processes(std::to_string(i)));
  EXPECT_THAT(put_off, SizeIs(1));
  EXPECT_EQ(changes, 0);
  end_turn();
  EXPECT_EQ(changes, 1);
  EXPECT_THAT(registry.snapshot()->containers, SizeIs(1000));
  registry.on_gone(processes, {"7"});
  registry.publish_due();
  EXPECT_EQ(changes, 2) << "at once where somebody asks for it";
  end_turn();
  EXPECT_EQ(changes, 2) << "and not again";
  registry.on_gone(processes, {"8"});
  end_turn();
  EXPECT_EQ(changes, 3);
}

TEST(Registry, IsQuietWhenASourceSaysAgainHowItStands) {
  int changes = 0;
  Registry registry([&](const std::shared_ptr<const Snapshot>&) { ++changes; });
  const SourceState state{.name = "processes", .is_connected = true, .version = {}, .problem = {}};
  registry.on_state(state);
  registry.on_state(state);
  registry.on_list("processes", {});
  EXPECT_EQ(changes, 1);
}

TEST(Registry, TellsOfASourceThatConnectsBeforeThereIsAnyContainer) {
  std::size_t sources = 0;
  Registry registry(
      [&](const std::shared_ptr<const Snapshot>& snapshot) { sources = snapshot->sources.size(); });
  registry.on_state({.name = "cri /x", .is_connected = true, .version = {}, .problem = {}});
  EXPECT_EQ(sources, 1U);
}

}  // namespace
}  // namespace dropwarden::container
