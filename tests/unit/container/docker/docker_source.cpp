// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/container/source.hpp"

#include "container/docker_json.hpp"
#include "fake_docker.hpp"

namespace dropwarden::container {
namespace {

using namespace std::chrono_literals;
using model::ContainerState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto patience = 10s;

std::string id_of(char digit) {
  return std::string(64, digit);
}
std::string image_of(char digit) {
  return "sha256:" + id_of(digit);
}

std::string inspected(char digit, const std::string& status = "running") {
  return R"({"Id":")" + id_of(digit) + R"(","Name":"/box)" + digit + R"(","State":{"Status":")" + status +
         R"(","Pid":42},"Image":")" + image_of('e') + R"(","Config":{"Image":"nginx:1"}})";
}

std::string listed(char digit, const std::string& status = "running") {
  return R"({"Id":")" + id_of(digit) + R"(","Names":["/box)" + digit + R"("],"Image":"nginx:1","State":")" +
         status + "\"}";
}

std::string event(const std::string& action, char digit) {
  return R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":")" + id_of(digit) + "\"}}";
}

// Remembers what it is told.
class Recorder final : public Observer {
 public:
  void on_list(const std::string&, std::vector<model::Container> containers) override {
    ++lists;
    known.clear();
    for (auto& container : containers) known.emplace(container.name, std::move(container));
    tell();
  }
  void on_container(const std::string&, model::Container container) override {
    ++updates;
    known.insert_or_assign(container.name, container);
    tell();
  }
  void on_gone(const std::string&, const model::ContainerId& id) override {
    gone.push_back(id.value);
    std::erase_if(known, [&](const auto& entry) { return entry.second.id == id; });
    tell();
  }
  void on_state(const SourceState& state) override {
    states.push_back(state);
    tell();
  }

  std::map<std::string, model::Container> known;  // by name
  int lists = 0;
  int updates = 0;
  std::vector<std::string> gone;
  std::vector<SourceState> states;
  std::function<void()> on_anything;

 private:
  void tell() {
    if (on_anything) on_anything();
  }
};

class DockerSource : public testing::Test {
 protected:
  DockerSource() {
    docker.answer("/_ping", {.body = "OK"});
    docker.answer("/events", {});
    docker.answer("/containers/json", {.body = "[" + listed('a') + "]"});
    docker.answer("/containers/" + id_of('a') + "/json", {.body = inspected('a')});
    docker.answer(
        "/images/" + image_of('e') + "/json",
        {.body = R"({"Id":")" + image_of('e') + R"(","RepoDigests":["nginx@)" + image_of('d') + "\"]}"});
    options.socket = "/run/fake.sock";
    options.timeout = 5s;
    options.retry_first = 5ms;
    options.retry_longest = 20ms;
  }

  void start() {
    source = make_docker_source(
        loop, options, [this](const std::string& path) { return connect(path); }, recorder);
    source->start();
  }

  sys::Result<sys::Fd> connect(const std::string& path) {
    ++connects;
    if (is_absent) return std::unexpected(sys::Error{"connect", path, ENOENT});
    return docker.connect();
  }

  // Runs the loop until `condition` holds; false when it does not within `patience`.
  bool run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      loop.restart();
      loop.run_one_for(50ms);
    }
    return true;
  }

  bool run_until_listed() {
    return run_until([&] { return recorder.lists > 0; });
  }

  bool has(const std::string& target) const {
    const auto requests = docker.requests();
    return std::find(requests.begin(), requests.end(), target) != requests.end();
  }

  FakeDocker docker;
  boost::asio::io_context loop;
  Recorder recorder;
  SourceOptions options;
  bool is_absent = false;
  int connects = 0;
  std::unique_ptr<Source> source;
};

TEST_F(DockerSource, ListsWhatRunsAfterItHasSubscribed) {
  start();
  ASSERT_TRUE(run_until_listed());
  EXPECT_THAT(docker.requests(),
              ElementsAre("/_ping", "/events", "/containers/json", "/containers/" + id_of('a') + "/json",
                          "/images/" + image_of('e') + "/json"));
  ASSERT_EQ(recorder.known.size(), 1U);
  const model::Container& container = recorder.known.at("boxa");
  EXPECT_EQ(container.runtime, model::Runtime::docker);
  EXPECT_EQ(container.init.value, 42);
  EXPECT_EQ(container.image.digest, image_of('d'));
  EXPECT_EQ(container.metadata, model::Metadata::complete);
  ASSERT_EQ(recorder.states.size(), 1U);
  EXPECT_EQ(recorder.states[0].name, "docker /run/fake.sock");
  EXPECT_TRUE(recorder.states[0].is_connected);
  EXPECT_EQ(recorder.states[0].version, "docker 20.10.24");
  EXPECT_EQ(recorder.states[0].problem, "");
}

TEST_F(DockerSource, TellsPodmanByItsField) {
  docker.set_server("Libpod-Api-Version: 4.3.1\r\nServer: Libpod/4.3.1 (linux)\r\n");
  start();
  ASSERT_TRUE(run_until_listed());
  EXPECT_EQ(recorder.known.at("boxa").runtime, model::Runtime::podman);
  EXPECT_EQ(recorder.states.at(0).version, "podman 4.3.1");
}

TEST_F(DockerSource, LeavesOutWhatHasEnded) {
  docker.answer("/containers/json", {.body = "[" + listed('a') + "," + listed('b', "exited") + "]"});
  start();
  ASSERT_TRUE(run_until_listed());
  EXPECT_EQ(recorder.known.size(), 1U);
  EXPECT_FALSE(has("/containers/" + id_of('b') + "/json"));
}

TEST_F(DockerSource, TellsWhatHasEndedToWhomWantsIt) {
  options.wants_ended = true;
  docker.answer("/containers/json", {.body = "[" + listed('a') + "," + listed('b', "exited") + "]"});
  docker.answer("/containers/" + id_of('b') + "/json", {.body = inspected('b', "exited")});
  start();
  ASSERT_TRUE(run_until_listed());
  ASSERT_EQ(recorder.known.size(), 2U);
  EXPECT_EQ(recorder.known.at("boxb").state, ContainerState::exited);
}

TEST_F(DockerSource, ReportsAnEmptyList) {
  docker.answer("/containers/json", {.body = "[]"});
  start();
  EXPECT_TRUE(run_until_listed());
  EXPECT_THAT(recorder.known, IsEmpty());
}

TEST_F(DockerSource, FollowsAContainerFromStartToRemoval) {
  start();
  ASSERT_TRUE(run_until_listed());
  docker.answer("/containers/" + id_of('b') + "/json", {.body = inspected('b', "created")});
  docker.emit(event("create", 'b'));
  ASSERT_TRUE(run_until([&] { return recorder.known.contains("boxb"); }));
  EXPECT_EQ(recorder.known.at("boxb").state, ContainerState::created);
  docker.answer("/containers/" + id_of('b') + "/json", {.body = inspected('b')});
  docker.emit(event("start", 'b'));
  EXPECT_TRUE(run_until([&] { return recorder.known.at("boxb").state == ContainerState::running; }));
  docker.answer("/containers/" + id_of('b') + "/json", {.body = inspected('b', "exited")});
  docker.emit(event("die", 'b'));
  EXPECT_TRUE(run_until([&] { return recorder.known.at("boxb").state == ContainerState::exited; }));
  EXPECT_EQ(recorder.known.at("boxb").init.value, 0);
  docker.emit(event("destroy", 'b'));
  EXPECT_TRUE(run_until([&] { return !recorder.known.contains("boxb"); }));
  EXPECT_EQ(recorder.lists, 1);
  // Both containers have one image: it is asked about once.
  int images = 0;
  for (const auto& target : docker.requests()) images += target.starts_with("/images/") ? 1 : 0;
  EXPECT_EQ(images, 1);
}

TEST_F(DockerSource, HearsWhatHappensWhileItLists) {
  docker.hold("/containers/json");
  docker.answer("/containers/" + id_of('b') + "/json", {.body = inspected('b')});
  start();
  ASSERT_TRUE(run_until([&] { return has("/containers/json"); }));
  docker.emit(event("start", 'b'));
  ASSERT_TRUE(run_until([&] { return has("/containers/" + id_of('b') + "/json"); }));
  docker.release("/containers/json");
  ASSERT_TRUE(run_until_listed());
  EXPECT_TRUE(run_until([&] { return recorder.known.size() == 2; }));
}

TEST_F(DockerSource, DoesNotBringBackWhatWasRemovedWhileItWasInspected) {
  start();
  ASSERT_TRUE(run_until_listed());
  const std::string target = "/containers/" + id_of('b') + "/json";
  docker.answer(target, {.body = inspected('b')});
  docker.hold(target);
  docker.emit(event("start", 'b'));
  ASSERT_TRUE(run_until([&] { return has(target); }));
  docker.emit(event("destroy", 'b'));
  ASSERT_TRUE(run_until([&] { return !recorder.gone.empty(); }));
  docker.release(target);
  docker.emit(event("start", 'a'));  // answered after the other would have been
  EXPECT_TRUE(run_until([&] { return recorder.updates > 0; }));
  EXPECT_FALSE(recorder.known.contains("boxb"));
}

TEST_F(DockerSource, AsksAgainWhenNewsComeDuringAnInspection) {
  start();
  ASSERT_TRUE(run_until_listed());
  const std::string target = "/containers/" + id_of('b') + "/json";
  docker.answer(target, {.body = inspected('b')});
  docker.hold(target);
  docker.emit(event("start", 'b'));
  ASSERT_TRUE(run_until([&] { return has(target); }));
  docker.answer(target, {.body = inspected('b', "exited")});
  docker.emit(event("die", 'b'));
  docker.emit(event("destroy", 'a'));  // the last of them has been heard
  ASSERT_TRUE(run_until([&] { return !recorder.gone.empty(); }));
  docker.release(target);
  EXPECT_TRUE(run_until([&] {
    const auto found = recorder.known.find("boxb");
    return found != recorder.known.end() && found->second.state == ContainerState::exited;
  }));
}

TEST_F(DockerSource, KeepsWhatTheListSaidOfAContainerThatCannotBeInspected) {
  docker.answer("/containers/" + id_of('a') + "/json", {.status = 500, .body = "{}"});
  start();
  ASSERT_TRUE(run_until_listed());
  EXPECT_EQ(recorder.known.at("boxa").metadata, model::Metadata::pending);
  ASSERT_TRUE(run_until([&] { return !recorder.states.back().problem.empty(); }));
  EXPECT_TRUE(recorder.states.back().is_connected);
  EXPECT_THAT(recorder.states.back().problem, HasSubstr("status 500"));
}

TEST_F(DockerSource, MendsWhatCouldNotBeInspectedAfterTheNextList) {
  options.relist = 20ms;
  docker.answer("/containers/" + id_of('a') + "/json", {.body = "garbage"});
  start();
  ASSERT_TRUE(run_until_listed());
  ASSERT_TRUE(run_until([&] { return !recorder.states.back().problem.empty(); }));
  EXPECT_THAT(recorder.states.back().problem, HasSubstr("malformed JSON"));
  docker.answer("/containers/" + id_of('a') + "/json", {.body = inspected('a')});
  EXPECT_TRUE(run_until([&] { return recorder.known.at("boxa").metadata == model::Metadata::complete; }));
  EXPECT_TRUE(run_until([&] { return recorder.states.back().problem.empty(); }));
}

TEST_F(DockerSource, ForgivesAnInspectionThatFailsOnce) {
  start();
  ASSERT_TRUE(run_until_listed());
  const std::string target = "/containers/" + id_of('b') + "/json";
  docker.answer(target, {.status = 500, .body = "{}"});
  docker.emit(event("start", 'b'));
  ASSERT_TRUE(run_until([&] { return has(target); }));
  docker.answer(target, {.body = inspected('b')});
  EXPECT_TRUE(run_until([&] { return recorder.known.contains("boxb"); }));
  EXPECT_EQ(recorder.states.size(), 1U) << "it was called a problem";
}

TEST_F(DockerSource, KnowsTheEndOfAContainerFromADaemonThatStops) {
  start();
  ASSERT_TRUE(run_until_listed());
  is_absent = true;  // no more connections, while the event stream still lives
  docker.emit(event("die", 'a'));
  ASSERT_TRUE(run_until([&] { return recorder.known.at("boxa").state == ContainerState::exited; }));
  EXPECT_EQ(recorder.known.at("boxa").init.value, 0);
  EXPECT_EQ(recorder.known.at("boxa").image.digest, image_of('d')) << "what was known is lost";
}

TEST_F(DockerSource, DropsWhatIsRemovedBetweenListAndInspection) {
  docker.answer("/containers/json", {.body = "[" + listed('a') + "," + listed('b') + "]"});
  start();
  ASSERT_TRUE(run_until_listed());
  EXPECT_THAT(recorder.known, testing::SizeIs(1));
  EXPECT_EQ(recorder.states.back().problem, "");
}

TEST_F(DockerSource, RefusesAnAnswerAboutAnotherContainer) {
  docker.answer("/containers/" + id_of('a') + "/json", {.body = inspected('b')});
  start();
  ASSERT_TRUE(run_until_listed());
  ASSERT_TRUE(run_until([&] { return !recorder.states.back().problem.empty(); }));
  EXPECT_FALSE(recorder.known.contains("boxb"));
  EXPECT_THAT(recorder.states.back().problem, HasSubstr("another container"));
}

TEST_F(DockerSource, FindsByListingWhatNoEventTold) {
  options.relist = 20ms;
  start();
  ASSERT_TRUE(run_until_listed());
  docker.answer("/containers/" + id_of('b') + "/json", {.body = inspected('b')});
  docker.answer("/containers/json", {.body = "[" + listed('b') + "]"});
  EXPECT_TRUE(run_until([&] { return recorder.known.contains("boxb") && !recorder.known.contains("boxa"); }));
  EXPECT_THAT(recorder.gone, ElementsAre(id_of('a')));
}

// Each event of a container carries its labels.
TEST_F(DockerSource, ListsAgainWhereAnEventIsTooLongToRead) {
  start();
  ASSERT_TRUE(run_until_listed());
  docker.answer("/containers/" + id_of('b') + "/json", {.body = inspected('b')});
  docker.answer("/containers/json", {.body = "[" + listed('b') + "]"});
  docker.emit(std::string(std::size_t{2} << 20U, 'x'));
  EXPECT_TRUE(run_until([&] { return recorder.known.contains("boxb") && !recorder.known.contains("boxa"); }));
  docker.emit(event("destroy", 'b'));
  EXPECT_TRUE(run_until([&] { return recorder.known.empty(); }));
  EXPECT_EQ(recorder.lists, 1) << "the stream was opened anew";
}

TEST_F(DockerSource, ConnectsAgainAndListsAgainWhenTheDaemonGoesAway) {
  start();
  ASSERT_TRUE(run_until_listed());
  docker.answer("/containers/json", {.body = "[]"});
  docker.end_streams();
  ASSERT_TRUE(run_until([&] { return recorder.lists == 2; }));
  EXPECT_THAT(recorder.known, IsEmpty());
  ASSERT_EQ(recorder.states.size(), 3U);
  EXPECT_FALSE(recorder.states[1].is_connected);
  EXPECT_THAT(recorder.states[1].problem, HasSubstr("/events"));
  EXPECT_TRUE(recorder.states[2].is_connected);
}

TEST_F(DockerSource, IsQuietAboutAnAbsentSocketUntilItComes) {
  is_absent = true;
  start();
  ASSERT_TRUE(run_until([&] { return connects >= 5; }));
  ASSERT_EQ(recorder.states.size(), 1U);
  EXPECT_FALSE(recorder.states[0].is_connected);
  EXPECT_THAT(recorder.states[0].problem, HasSubstr("no such socket"));
  EXPECT_TRUE(recorder.states[0].is_absent);
  is_absent = false;
  EXPECT_TRUE(run_until_listed());
  EXPECT_TRUE(recorder.states.back().is_connected);
}

TEST_F(DockerSource, WaitsLongerAfterEachFailure) {
  is_absent = true;
  options.retry_first = 1ms;
  options.retry_longest = 1h;
  start();
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_until([&] { return connects == 7; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 63ms);  // 1 + 2 + 4 + 8 + 16 + 32
}

TEST_F(DockerSource, SaysWhatIsWrongWithAServerThatIsNoDocker) {
  docker.answer("/_ping", {.status = 403, .body = ""});
  start();
  ASSERT_TRUE(run_until([&] { return !recorder.states.empty(); }));
  EXPECT_THAT(recorder.states[0].problem, HasSubstr("/_ping: answered with status 403"));
  docker.answer("/_ping", {.body = "OK"});
  docker.answer("/events", {.status = 400, .body = ""});
  EXPECT_TRUE(run_until([&] { return recorder.states.back().problem.find("/events") != std::string::npos; }));
  docker.answer("/events", {});
  docker.answer("/containers/json", {.body = "{}"});
  EXPECT_TRUE(
      run_until([&] { return recorder.states.back().problem.find("no array") != std::string::npos; }));
  EXPECT_EQ(recorder.lists, 0);
}

TEST_F(DockerSource, PassesOverEventsThatAreGarbage) {
  start();
  ASSERT_TRUE(run_until_listed());
  for (const char* line : {"garbage", "[[[[", "{}", "null"}) docker.emit(line);
  docker.emit(event("destroy", 'a'));
  EXPECT_TRUE(run_until([&] { return recorder.known.empty(); }));
  EXPECT_EQ(recorder.lists, 1);
}

// Of as many containers as are wanted.
std::string id_of(std::size_t number) {
  char id[65];
  std::snprintf(id, sizeof id, "%064zx", number);
  return id;
}

std::string list_of(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i)
    list += (i == 0 ? "" : ",") + std::string(R"({"Id":")") + id_of(i) + R"(","State":"running"})";
  return "[" + list + "]";
}

std::string inspection_of(std::size_t number) {
  return "/containers/" + id_of(number) + "/json";
}

std::string start_of(std::size_t number) {
  return R"({"Type":"container","Action":"start","Actor":{"ID":")" + id_of(number) + "\"}}";
}

constexpr std::size_t inspected_at_once = 4;

TEST_F(DockerSource, InspectsManyContainersAFewAtATime) {
  constexpr std::size_t count = 500;
  for (std::size_t i = 0; i < count; ++i) {
    docker.answer(inspection_of(i), {.body = R"({"Id":")" + id_of(i) + R"(","Name":"/)" + id_of(i) + "\"}"});
    docker.hold(inspection_of(i));
  }
  docker.answer("/containers/json", {.body = list_of(count)});
  start();
  ASSERT_TRUE(run_until([&] { return has(inspection_of(0)); }));
  constexpr int before = 3;  // the ping, the events, the list
  EXPECT_EQ(connects, before + static_cast<int>(inspected_at_once));
  for (std::size_t i = 0; i < count; ++i) docker.release(inspection_of(i));
  ASSERT_TRUE(run_until_listed());
  EXPECT_EQ(recorder.known.size(), count);
}

TEST_F(DockerSource, FollowsNoMoreContainersThanItMayAndSaysSo) {
  docker.answer("/containers/json", {.body = list_of(docker_max_containers)});
  for (std::size_t i = 0; i < inspected_at_once; ++i) docker.hold(inspection_of(i));
  start();
  ASSERT_TRUE(run_until([&] { return has(inspection_of(0)); }));
  docker.emit(start_of(docker_max_containers));
  EXPECT_TRUE(run_until(
      [&] { return recorder.states.back().problem.find("more containers than") != std::string::npos; }));
}

TEST_F(DockerSource, KeepsNoMoreContainersWaitingThanItMayAndSaysSo) {
  for (std::size_t i = 0; i < inspected_at_once; ++i) docker.hold(inspection_of(i));
  start();
  ASSERT_TRUE(run_until_listed());
  for (std::size_t i = 0; i <= docker_max_containers + inspected_at_once; ++i) docker.emit(start_of(i));
  EXPECT_TRUE(run_until(
      [&] { return recorder.states.back().problem.find("more containers than") != std::string::npos; }));
}

TEST_F(DockerSource, RemembersNoMoreImagesThanItMay) {
  constexpr std::size_t remembered = 1024;
  const auto image = [](std::size_t number) { return "/images/sha256:" + id_of(number) + "/json"; };
  for (std::size_t i = 0; i <= remembered; ++i) {
    docker.answer(inspection_of(i), {.body = R"({"Id":")" + id_of(i) + R"(","Name":"/)" + id_of(i) +
                                             R"(","Image":"sha256:)" + id_of(i) + "\"}"});
    docker.answer(image(i), {.body = R"({"Id":"sha256:)" + id_of(i) + "\"}"});
  }
  docker.answer("/containers/json", {.body = list_of(remembered + 1)});
  start();
  ASSERT_TRUE(run_until_listed());
  docker.emit(start_of(0));
  EXPECT_TRUE(run_until([&] {
    const auto requests = docker.requests();
    return std::ranges::count(requests, image(0)) == 2;
  }));
}

// Whatever it is told, the observer may stop the source.
TEST_F(DockerSource, MayBeStoppedByTheObserverAndIsSilentThen) {
  for (int calls = 1; calls <= 4; ++calls) {
    start();
    int told = 0;
    recorder.on_anything = [&] {
      if (++told == calls) source->stop();
    };
    docker.emit(event("start", 'a'));
    ASSERT_TRUE(run_until([&] {
      if (recorder.lists > 0) docker.emit(event("start", 'a'));
      return told >= calls;
    })) << calls;
    for (int i = 0; i < 5; ++i) docker.emit(event("destroy", 'a'));
    loop.restart();
    loop.run_for(patience);
    EXPECT_EQ(told, calls);
    EXPECT_TRUE(loop.stopped()) << "an operation is left behind";
    recorder.lists = 0;
    recorder.on_anything = {};
  }
}

TEST_F(DockerSource, MayBeStartedAgain) {
  start();
  ASSERT_TRUE(run_until_listed());
  source->stop();
  source->start();
  EXPECT_TRUE(run_until([&] { return recorder.lists == 2; }));
}

}  // namespace
}  // namespace dropwarden::container
