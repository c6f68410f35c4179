// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/source.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "fake_runtime.hpp"
#include "support/loop.hpp"

namespace dropwarden::container {
namespace {

using namespace std::chrono_literals;
using model::Metadata;
using test::Answer;

constexpr const char* status_method = "/runtime.v1.RuntimeService/ContainerStatus";
constexpr const char* version_method = "/runtime.v1.RuntimeService/Version";

class CriSource : public ::testing::Test {
 protected:
  void start(const std::string& runtime_name = "containerd") {
    runtime.emplace(loop, runtime_name);
    prepare();
    source = make_cri_source(
        loop, {.socket = "/fake.sock", .timeout = 500ms, .retry_first = 10ms, .retry_longest = 40ms},
        [this](const std::string&) { return runtime->connect(); }, observer);
    source->start();
  }

  bool wait(const std::function<bool()>& condition) { return test::run_until(loop, condition); }
  bool wait_for_list() {
    return wait([&] { return std::ranges::count(observer.told, "list") > 0; });
  }
  bool knows(const std::string& id, Metadata metadata) const {
    const auto found = observer.containers.find(id);
    return found != observer.containers.end() && found->second.metadata == metadata;
  }

  boost::asio::io_context loop;
  RecordingObserver observer;
  std::function<void()> prepare = [] {};
  std::optional<FakeRuntime> runtime;
  std::unique_ptr<Source> source;
};

TEST_F(CriSource, ListsContainersWithTheirDetailsInOnePiece) {
  prepare = [&] {
    runtime->add_pod("p1", "shop");
    for (int i = 0; i < 50; ++i) runtime->add_container("c" + std::to_string(i), "p1", 100 + i);
  };
  start();
  ASSERT_TRUE(wait_for_list());
  EXPECT_EQ(observer.told, std::vector<std::string>{"list"});
  ASSERT_EQ(observer.containers.size(), 51U);
  const model::Container& container = observer.containers.at("c7");
  EXPECT_EQ(container.name, "name-c7");
  EXPECT_EQ(container.runtime, model::Runtime::containerd);
  EXPECT_EQ(container.init.value, 107);
  EXPECT_EQ(container.image.name, "image:1");
  EXPECT_EQ(container.pod->uid, "uid-shop") << "from the sandbox";
  EXPECT_EQ(container.metadata, Metadata::complete);
  EXPECT_TRUE(observer.containers.at("p1").is_sandbox);
  EXPECT_EQ(observer.containers.at("p1").init.value, 1);
  EXPECT_EQ(observer.source, "cri /fake.sock");
}

TEST_F(CriSource, TellsWhoIsConnected) {
  start();
  ASSERT_TRUE(wait_for_list());
  ASSERT_EQ(observer.states.size(), 1U);
  EXPECT_EQ(observer.states[0].name, "cri /fake.sock");
  EXPECT_TRUE(observer.states[0].is_connected);
  EXPECT_EQ(observer.states[0].version, "containerd 1.2.3");
  EXPECT_EQ(observer.states[0].problem, "");
}

TEST_F(CriSource, SubscribesBeforeItLists) {
  std::vector<std::string> order;
  prepare = [&] {
    runtime->overrides[subscribe_method] = [&](const auto&) {
      order.push_back("subscribe");
      return Answer::open();
    };
    runtime->overrides["/runtime.v1.RuntimeService/ListPodSandbox"] = [&](const auto&) {
      order.push_back("list");
      return Answer::message("");
    };
  };
  start();
  ASSERT_TRUE(wait_for_list());
  EXPECT_EQ(order, (std::vector<std::string>{"subscribe", "list"}));
}

TEST_F(CriSource, TellsANewContainerAtOnceAndItsDetailsAfter) {
  start();
  ASSERT_TRUE(wait_for_list());
  runtime->add_pod("p1", "shop");
  runtime->add_container("new", "p1", 0);
  ASSERT_EQ(runtime->tell_created("new", 77), 1U);
  ASSERT_TRUE(wait([&] { return observer.containers.contains("new"); }));
  EXPECT_EQ(observer.containers["new"].metadata, Metadata::pending);
  EXPECT_EQ(observer.containers["new"].init.value, 77);
  EXPECT_EQ(observer.containers["new"].upperdir, "/upper/new");
  ASSERT_TRUE(wait([&] { return knows("new", Metadata::complete); }));
  EXPECT_EQ(observer.containers["new"].name, "name-new");
  EXPECT_EQ(observer.containers["new"].init.value, 77);
  EXPECT_EQ(observer.containers["new"].upperdir, "/upper/new");
}

TEST_F(CriSource, TellsThatAContainerIsGone) {
  prepare = [&] { runtime->add_container("c1", "p1", 100); };
  start();
  ASSERT_TRUE(wait_for_list());
  runtime->remove("c1");
  runtime->tell_deleted("c1");
  EXPECT_TRUE(wait([&] { return observer.told.back() == "gone c1"; }));
}

TEST_F(CriSource, FindsASandboxThatIsNotReadyAtItsEvent) {
  start();
  ASSERT_TRUE(wait_for_list());
  runtime->tell_created("p1", 70);
  ASSERT_TRUE(
      wait([&] { return runtime->server->calls("/runtime.v1.RuntimeService/PodSandboxStatus") >= 2; }));
  runtime->add_pod("p1", "shop");
  ASSERT_TRUE(wait([&] { return knows("p1", Metadata::complete); }));
  EXPECT_TRUE(observer.containers["p1"].is_sandbox);
  EXPECT_EQ(observer.containers["p1"].upperdir, "/upper/p1");
}

TEST_F(CriSource, GivesUpAskingForWhatCriDoesNotKnow) {
  start();
  ASSERT_TRUE(wait_for_list());
  runtime->tasks["k8s.io"] = {{"ctr-name", 70}};
  runtime->tell_created("ctr-name", 70);
  ASSERT_TRUE(wait([&] { return knows("ctr-name", Metadata::none); }));
  EXPECT_EQ(observer.containers["ctr-name"].init.value, 70);
}

TEST_F(CriSource, DoesNotTakeTheAnswerAboutAnotherContainer) {
  prepare = [&] {
    runtime->overrides[status_method] = [&](const auto&) {
      proto::cri::ContainerStatusResponse response;
      response.mutable_status()->set_id("abcdef");  // as containerd does, asked for `abc`
      return Answer::message(response.SerializeAsString());
    };
  };
  start();
  ASSERT_TRUE(wait_for_list());
  runtime->tell_created("abc", 70);
  ASSERT_TRUE(wait([&] { return runtime->server->calls(status_method) >= 2; }));
  EXPECT_TRUE(knows("abc", Metadata::pending));
  EXPECT_FALSE(observer.containers.contains("abcdef"));
}

TEST_F(CriSource, TellsContainersOutsideCriFromEventsAndTasks) {
  prepare = [&] { runtime->tasks = {{"default", {{"old", 60}}}, {"k8s.io", {}}}; };
  start();
  ASSERT_TRUE(wait_for_list());
  EXPECT_TRUE(knows("old", Metadata::none));
  EXPECT_EQ(observer.containers["old"].init.value, 60);
  runtime->tell_created("new", 61, "default");
  ASSERT_TRUE(wait([&] { return knows("new", Metadata::none); }));
  EXPECT_EQ(observer.containers["new"].runtime, model::Runtime::containerd);
  EXPECT_EQ(observer.containers["new"].upperdir, "/upper/new");
}

TEST_F(CriSource, FindsWhatBeganBeforeTheSubscriptionTookEffect) {
  start();
  ASSERT_TRUE(wait_for_list());
  runtime->add_container("unannounced", "p1", 100);
  EXPECT_TRUE(wait([&] { return knows("unannounced", Metadata::complete); }));
}

TEST_F(CriSource, PollsARuntimeWithoutContainerdsEvents) {
  start("cri-o");
  ASSERT_TRUE(wait_for_list());
  EXPECT_EQ(observer.states.back().version, "cri-o 1.2.3");
  EXPECT_EQ(runtime->server->calls(subscribe_method), 0U);
  runtime->add_container("c1", "p1", 100);
  ASSERT_TRUE(wait([&] { return knows("c1", Metadata::complete); }));
  EXPECT_EQ(observer.containers["c1"].runtime, model::Runtime::crio);
  runtime->remove("c1");
  EXPECT_TRUE(wait([&] { return !observer.containers.contains("c1"); }));
}

TEST_F(CriSource, PollsWhenTheEventsAreNotServed) {
  prepare = [&] {
    runtime->overrides[subscribe_method] = [](const auto&) { return Answer::status(12, "unknown service"); };
  };
  start();
  ASSERT_TRUE(wait_for_list());
  runtime->add_container("c1", "p1", 100);
  EXPECT_TRUE(wait([&] { return knows("c1", Metadata::complete); }));
  EXPECT_EQ(runtime->connections, 1);
}

TEST_F(CriSource, FollowsAContainerdThatHasCriSwitchedOff) {
  prepare = [&] {
    runtime->overrides[version_method] = [](const auto&) { return Answer::status(12, "unknown service"); };
    runtime->tasks["moby"] = {{"dockers", 60}};
  };
  start();
  ASSERT_TRUE(wait_for_list());
  EXPECT_EQ(observer.states.back().version, "containerd without CRI");
  EXPECT_TRUE(knows("dockers", Metadata::none));
}

TEST_F(CriSource, IsQuietAboutASocketThatIsNotThere) {
  prepare = [&] { runtime->is_down = true; };
  start();
  ASSERT_TRUE(wait([&] { return runtime->connections >= 4; }));
  ASSERT_EQ(observer.states.size(), 1U) << "told once, however often it is tried";
  EXPECT_FALSE(observer.states[0].is_connected);
  EXPECT_EQ(observer.states[0].problem, "no such socket: the runtime is not there, or not running");
  EXPECT_TRUE(observer.states[0].is_absent);
  EXPECT_TRUE(observer.told.empty());
  runtime->is_down = false;
  EXPECT_TRUE(wait_for_list());
  EXPECT_TRUE(observer.states.back().is_connected);
}

TEST_F(CriSource, ConnectsAgainAndListsAgainAfterALoss) {
  prepare = [&] { runtime->add_container("c1", "p1", 100); };
  start();
  ASSERT_TRUE(wait_for_list());
  runtime->tell_created("c2", 200);
  ASSERT_TRUE(wait([&] { return observer.containers.contains("c2"); }));
  runtime->remove("c1");
  runtime->add_container("c2", "p1", 200);
  runtime->server->close();
  ASSERT_TRUE(wait([&] { return observer.states.size() == 3; }));
  EXPECT_FALSE(observer.states[1].is_connected);
  EXPECT_TRUE(observer.states[1].problem.starts_with("Events/Subscribe: unavailable: connection lost: "));
  EXPECT_TRUE(observer.states[2].is_connected);
  ASSERT_TRUE(wait([&] { return knows("c2", Metadata::complete) && !observer.containers.contains("c1"); }));
  EXPECT_EQ(observer.containers["c2"].upperdir, "/upper/c2") << "known from before";
}

TEST_F(CriSource, WaitsLongerAfterEachFailureUpToALimit) {
  prepare = [&] { runtime->is_down = true; };
  const auto begin = std::chrono::steady_clock::now();
  start();
  ASSERT_TRUE(wait([&] { return runtime->connections == 6; }));
  const auto passed = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(passed, 10ms + 20ms + 40ms + 40ms + 40ms);
}

TEST_F(CriSource, TellsWhatAServerDoesWrong) {
  prepare = [&] {
    runtime->overrides[version_method] = [](const auto&) { return Answer::raw("\xff\xff\xff\xff\xff"); };
  };
  start();
  ASSERT_TRUE(wait([&] { return !observer.states.empty(); }));
  EXPECT_EQ(observer.states[0].problem,
            "Version: internal: a compressed message, or bytes that are not gRPC");
}

TEST_F(CriSource, LeavesAServerThatDoesNotAnswer) {
  prepare = [&] { runtime->overrides[version_method] = [](const auto&) { return Answer::silent(); }; };
  start();
  ASSERT_TRUE(wait([&] { return runtime->connections == 2; }));
  EXPECT_EQ(observer.states[0].problem, "Version: deadline_exceeded: no answer in time");
}

TEST_F(CriSource, ListsEvenWhenNoStatusIsAnswered) {
  prepare = [&] {
    runtime->add_container("c1", "p1", 100);
    runtime->overrides[status_method] = [](const auto&) { return Answer::silent(); };
  };
  start();
  ASSERT_TRUE(wait_for_list());
  EXPECT_TRUE(knows("c1", Metadata::pending));
  EXPECT_EQ(observer.containers["c1"].name, "name-c1") << "from the list";
}

TEST_F(CriSource, SurvivesNoiseInPlaceOfEvents) {
  start();
  ASSERT_TRUE(wait_for_list());
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    std::string noise;
    for (int j = 0; j < 50; ++j) noise += static_cast<char>(random());
    ASSERT_EQ(runtime->server->push(subscribe_method, test::grpc_frame(noise)), 1U);
  }
  runtime->tell_created("after", 70, "default");
  EXPECT_TRUE(wait([&] { return observer.containers.contains("after"); }));
}

TEST_F(CriSource, SaysNothingAfterStop) {
  prepare = [&] { runtime->add_container("c1", "p1", 100); };
  start();
  ASSERT_TRUE(wait_for_list());
  const std::size_t told = observer.told.size();
  runtime->tell_created("c2", 200);
  source->stop();
  runtime->server->close();
  test::run_ready(loop);
  EXPECT_EQ(observer.told.size(), told);
  EXPECT_EQ(observer.states.size(), 1U);
}

}  // namespace
}  // namespace dropwarden::container
