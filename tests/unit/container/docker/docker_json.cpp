// SPDX-License-Identifier: Apache-2.0
#include "container/docker_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/util/time.hpp"

#include "container/labels.hpp"

namespace dropwarden::container {
namespace {

using model::ContainerState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const std::string id = "2531fbb603edfaf3a08c97c09a305d7ba43e34dc94d296002602c6e3389b675e";
const std::string image_id = "sha256:ae6780b02a3111f1e5609d752a17b41d495244e85f51d267d611914b4231ba04";

// What the daemons answer, cut to the fields around those that are read.
std::string of_docker_20_10() {
  return R"({"Id":")" + id + R"(","Created":"2026-11-23T07:33:11.567658841Z","Path":"sleep","Args":["300"],
    "State":{"Status":"running","Running":true,"Paused":false,"Restarting":false,"OOMKilled":false,"Dead":false,
      "Pid":9766,"ExitCode":0,"Error":"","StartedAt":"2026-11-23T07:33:11.772009493Z","FinishedAt":"0001-01-01T00:00:00Z"},
    "Image":")" +
         image_id + R"(","Name":"/box1","RestartCount":0,"Driver":"overlay2","Platform":"linux",
    "HostConfig":{"Binds":null,"CgroupnsMode":"host","CgroupParent":""},
    "GraphDriver":{"Data":{"LowerDir":"/var/lib/docker/overlay2/7b-init/diff:/var/lib/docker/overlay2/cb/diff",
      "MergedDir":"/var/lib/docker/overlay2/7b/merged","UpperDir":"/var/lib/docker/overlay2/7b/diff",
      "WorkDir":"/var/lib/docker/overlay2/7b/work"},"Name":"overlay2"},
    "Config":{"Hostname":"vm","Image":"localhost/busybox:rig","Volumes":null,"Labels":{"a":"b"}}})";
}

std::string of_docker_26_with_the_containerd_image_store() {
  return R"({"Id":")" + id + R"(","State":{"Status":"running","Running":true,"Pid":411,
      "StartedAt":"2026-11-23T07:33:11.5Z"},"Image":")" +
         image_id + R"(","Name":"/box1","Driver":"overlayfs",
    "HostConfig":{"CgroupnsMode":"private"},"GraphDriver":{"Data":null,"Name":"overlayfs"},
    "Config":{"Image":"localhost/busybox:rig","Labels":{}}})";
}

std::string of_podman_4_3() {
  return R"({"Id":")" + id +
         R"(","Created":"2026-11-23T07:33:11.802184794Z","State":{"Status":"running","Running":true,
      "Pid":9799,"StartedAt":"2026-11-23T08:33:11.924982776+01:00","Health":{"Status":"","FailingStreak":0,"Log":null}},
    "Image":")" +
         image_id + R"(","Name":"/box2","Driver":"overlay","ExecIDs":[],
    "GraphDriver":{"Data":{"LowerDir":"/var/lib/containers/storage/overlay/e5/diff",
      "UpperDir":"/var/lib/containers/storage/overlay/a3/diff"},"Name":"overlay"},
    "Config":{"Image":"localhost/busybox:rig","Volumes":null,"Labels":{"a":"b"},"StopSignal":"15"},
    "NetworkSettings":{"Networks":{}}})";
}

struct Answer {
  const char* daemon;
  std::string json;
  model::Runtime runtime;
  const char* name;
  std::int32_t pid;
  const char* upperdir;
  const char* started;

  friend std::ostream& operator<<(std::ostream& out, const Answer& answer) { return out << answer.daemon; }
};

class ParseDockerContainerOf : public testing::TestWithParam<Answer> {};

TEST_P(ParseDockerContainerOf, GivesAllThatTheDaemonTells) {
  const auto& [daemon, json, runtime, name, pid, upperdir, started] = GetParam();
  const auto parsed = parse_docker_container(json, runtime);
  ASSERT_TRUE(parsed) << parsed.error();
  const model::Container& container = parsed->container;
  EXPECT_EQ(container.id.value, id);
  EXPECT_EQ(container.name, name);
  EXPECT_EQ(container.runtime, runtime);
  EXPECT_EQ(container.image.name, "localhost/busybox:rig");
  EXPECT_EQ(parsed->image_id, image_id);
  EXPECT_EQ(container.state, ContainerState::running);
  EXPECT_EQ(container.init.value, pid);
  EXPECT_EQ(container.upperdir, upperdir);
  EXPECT_EQ(util::format_rfc3339(container.started), started);
  EXPECT_EQ(container.metadata, model::Metadata::complete);
  EXPECT_FALSE(container.pod);
  EXPECT_FALSE(container.is_sandbox);
  EXPECT_EQ(parsed->labels_cut, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    EachDaemon, ParseDockerContainerOf,
    testing::Values(Answer{"Docker20", of_docker_20_10(), model::Runtime::docker, "box1", 9766,
                           "/var/lib/docker/overlay2/7b/diff", "2026-11-23T07:33:11.772009493Z"},
                    Answer{"Docker26ContainerdImageStore", of_docker_26_with_the_containerd_image_store(),
                           model::Runtime::docker, "box1", 411, "", "2026-11-23T07:33:11.500000000Z"},
                    Answer{"Podman4", of_podman_4_3(), model::Runtime::podman, "box2", 9799,
                           "/var/lib/containers/storage/overlay/a3/diff", "2026-11-23T07:33:11.924982776Z"}),
    [](const auto& test) { return test.param.daemon; });

model::Container parse_state(const std::string& status) {
  const auto parsed = parse_docker_container(R"({"Id":")" + id + R"(","State":{"Status":")" + status +
                                                 R"(","Pid":7,"StartedAt":"0001-01-01T00:00:00Z"}})",
                                             model::Runtime::docker);
  return parsed.value().container;
}

TEST(ParseDockerContainer, KnowsTheStatesOfBothRuntimes) {
  for (const char* status : {"created", "configured", "initialized"}) {
    EXPECT_EQ(parse_state(status).state, ContainerState::created) << status;
  }
  for (const char* status : {"running", "paused", "stopping"}) {
    EXPECT_EQ(parse_state(status).state, ContainerState::running) << status;
  }
  for (const char* status : {"exited", "dead", "removing", "restarting", "stopped"}) {
    EXPECT_EQ(parse_state(status).state, ContainerState::exited) << status;
  }
  EXPECT_EQ(parse_state("flying").state, ContainerState::unknown);
}

TEST(ParseDockerContainer, GivesNoPidAndNoStartWhereThereIsNone) {
  EXPECT_EQ(parse_state("running").init.value, 7);
  EXPECT_EQ(parse_state("exited").init.value, 0);
  EXPECT_EQ(parse_state("exited").started, util::WallTime{});
}

// What an image can say of the pod: docker and podman give its labels to each container made of it.
const std::string labels_of_web_0 = R"("io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop",
    "io.kubernetes.pod.uid":"12-34","io.kubernetes.docker.type":"podsandbox")";

model::Container parse_named(const std::string& name, const std::string& labels,
                             model::Runtime runtime = model::Runtime::docker) {
  const auto parsed = parse_docker_container(
      R"({"Id":")" + id + R"(","Name":"/)" + name + R"(","Config":{"Labels":{)" + labels + "}}}", runtime);
  return parsed.value().container;
}

TEST(ParseDockerContainer, ReadsThePodOfOneThatTheKubeletMade) {
  for (const char* name : {"k8s_POD_web-0_shop_12-34_0", "k8s_POD_web-0_shop_12-34_3_0a1b2c3d"}) {
    const model::Container container = parse_named(name, labels_of_web_0);
    EXPECT_EQ(container.pod, (model::Pod{.name = "web-0", .name_space = "shop", .uid = "12-34"})) << name;
    EXPECT_TRUE(container.is_sandbox) << name;
  }
  const model::Container server = parse_named("k8s_server_web-0_shop_12-34_0", labels_of_web_0);
  EXPECT_TRUE(server.pod);
  EXPECT_FALSE(server.is_sandbox) << "the kubelet calls nothing else POD";
}

TEST(ParseDockerContainer, TakesNoPodFromTheLabelsOfAnImage) {
  for (const char* name :
       {"", "web", "k8s_POD_web-0_shop_12-34", "k8s_POD_web-0_shop_12-34_0_1_2", "k8s-POD_web-0_shop_12-34_0",
        "K8S_POD_web-0_shop_12-34_0", "a/k8s_POD_web-0_shop_12-34_0", "k8s_POD_web-1_shop_12-34_0",
        "k8s_POD_web-0_other_12-34_0", "k8s_POD_web-0_shop_56-78_0", "k8s_POD____"}) {
    const model::Container container = parse_named(name, labels_of_web_0);
    EXPECT_FALSE(container.pod) << name;
    EXPECT_FALSE(container.is_sandbox) << name << ": `scan` would leave it out";
    EXPECT_EQ(container.labels.at("io.kubernetes.pod.name"), "web-0") << name;
  }
}

TEST(ParseDockerContainer, TakesNoPodFromANameAlone) {
  const model::Container container = parse_named("k8s_POD_web-0_shop_12-34_0", R"("a":"b")");
  EXPECT_FALSE(container.pod);
  EXPECT_FALSE(container.is_sandbox);
  EXPECT_FALSE(parse_named("k8s_POD____0", "").pod);
}

TEST(ParseDockerContainer, KnowsNoPodOfPodman) {
  const auto container = parse_named("k8s_POD_web-0_shop_12-34_0", labels_of_web_0, model::Runtime::podman);
  EXPECT_FALSE(container.pod);
  EXPECT_FALSE(container.is_sandbox);
}

TEST(ParseDockerContainer, TakesWrongTypesAsAbsent) {
  for (
      const std::string rest :
      {R"()", R"(,"Name":1,"State":[],"Image":{},"GraphDriver":null,"Config":"x")",
       R"(,"State":{"Status":1,"Pid":"9","StartedAt":9},"GraphDriver":{"Data":[]},"Config":{"Image":[],"Labels":[]})",
       R"(,"State":{"Pid":-1},"GraphDriver":{"Data":{"UpperDir":"relative","LowerDir":"/a:b"}},"Config":{"Labels":null})",
       R"(,"State":{"Pid":99999999999999999999},"Image":"../../etc")", R"(,"State":{"Pid":4194305})",
       R"(,"State":{"Pid":1.5})"}) {
    const auto parsed = parse_docker_container(R"({"Id":")" + id + "\"" + rest + "}", model::Runtime::docker);
    ASSERT_TRUE(parsed) << rest;
    EXPECT_EQ(parsed->container.name, "") << rest;
    EXPECT_EQ(parsed->container.state, ContainerState::unknown) << rest;
    EXPECT_EQ(parsed->container.init.value, 0) << rest;
    EXPECT_EQ(parsed->container.upperdir, "") << rest;
    EXPECT_THAT(parsed->container.lowerdirs, IsEmpty()) << rest;
    EXPECT_EQ(parsed->image_id, "") << rest;
    EXPECT_THAT(parsed->container.labels, IsEmpty()) << rest;
  }
}

TEST(ParseDockerContainer, TellsTheLayersOfTheImage) {
  const auto parsed = parse_docker_container(of_docker_20_10(), model::Runtime::docker);
  ASSERT_TRUE(parsed);
  EXPECT_THAT(parsed->container.lowerdirs, testing::ElementsAre("/var/lib/docker/overlay2/7b-init/diff",
                                                                "/var/lib/docker/overlay2/cb/diff"));
}

TEST(ParseDockerContainer, RefusesAnAnswerWithoutAnId) {
  for (const std::string text :
       {"", "null", "[]", "{}", "{\"Id\":1}", "{\"Id\":\"../../x\"}", "{\"Id\":\"\"}", "not JSON",
        "{\"Id\":\"", R"({"message":"No such container: x"})"}) {
    const auto parsed = parse_docker_container(text, model::Runtime::docker);
    ASSERT_FALSE(parsed) << text;
    EXPECT_FALSE(parsed.error().empty());
  }
  EXPECT_FALSE(parse_docker_container(std::string(100000, '['), model::Runtime::docker))
      << "nested without end";
}

TEST(ParseDockerContainer, BoundsLabelsAndCountsWhatIsCut) {
  std::string labels = R"("!":")" + std::string(max_label_bytes + 1, 'v') + R"(",")" +
                       std::string(max_label_bytes + 1, '!') + R"(":"")";
  for (std::size_t i = 0; i < max_labels + 9; ++i) labels += ",\"" + std::to_string(i) + "\":\"v\"";
  labels += "," + labels_of_web_0;
  const auto parsed = parse_docker_container(
      R"({"Id":")" + id + R"(","Name":"/k8s_server_web-0_shop_12-34_0","Config":{"Labels":{)" + labels +
          "}}}",
      model::Runtime::docker);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->container.labels.size(), max_labels);
  EXPECT_EQ(parsed->container.labels.at("!").size(), max_label_bytes);
  EXPECT_FALSE(parsed->container.labels.contains(std::string(max_label_bytes + 1, '!')));
  constexpr std::size_t beyond_the_number = 1 + max_labels + 9 + 4 - max_labels;
  EXPECT_EQ(parsed->labels_cut, 1U /* the long value */ + 1U /* the long key */ + beyond_the_number);
  EXPECT_EQ(parsed->container.pod.value().name, "web-0") << "hidden behind the others";
}

TEST(ParseDockerContainer, KeepsBytesThatAreNoText) {
  const auto parsed = parse_docker_container(
      R"({"Id":")" + id + R"(","Name":"/a)" + "\xff" + R"(b","Config":{"Labels":{"k":"\u0000\u001b[2J"}}})",
      model::Runtime::docker);
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_EQ(parsed->container.name,
            "a\xff"
            "b");
  EXPECT_THAT(parsed->container.labels, ElementsAre(Pair("k", std::string("\0\x1b[2J", 5))));
}

TEST(ParseDockerList, GivesEntriesThatAreStillToBeInspected) {
  const auto list = parse_docker_list(R"([{"Id":")" + id + R"(","Names":["/box1","/alias/box1"],
      "Image":"localhost/busybox:rig","ImageID":")" +
                                          image_id + R"(","Labels":{"a":"b"},"State":"running"},
      {"Id":"short"},null,{}])",
                                      model::Runtime::podman);
  ASSERT_TRUE(list) << list.error();
  ASSERT_EQ(list->containers.size(), 1U);
  EXPECT_EQ(list->left_out, 3U);
  const model::Container& container = list->containers.front().container;
  EXPECT_EQ(container.id.value, id);
  EXPECT_EQ(container.name, "box1");
  EXPECT_EQ(container.image.name, "localhost/busybox:rig");
  EXPECT_EQ(container.state, ContainerState::running);
  EXPECT_EQ(container.runtime, model::Runtime::podman);
  EXPECT_EQ(container.metadata, model::Metadata::pending);
  EXPECT_THAT(container.labels, ElementsAre(Pair("a", "b")));
  EXPECT_EQ(list->containers.front().image_id, image_id);
}

TEST(ParseDockerList, TakesNoPodFromTheLabelsOfAnImage) {
  const auto entry = [](const std::string& name) {
    return R"({"Id":")" + id + R"(","Names":["/)" + name + R"("],"Labels":{)" + labels_of_web_0 + "}}";
  };
  const auto list = parse_docker_list("[" + entry("web") + "," + entry("k8s_server_web-0_shop_12-34_0") + "]",
                                      model::Runtime::docker);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->containers.size(), 2U);
  EXPECT_FALSE(list->containers[0].container.pod);
  EXPECT_FALSE(list->containers[0].container.is_sandbox);
  EXPECT_EQ(list->containers[1].container.pod.value().name, "web-0");
}

TEST(ParseDockerList, IsBounded) {
  std::string text = "[";
  for (std::size_t i = 0; i < docker_max_containers + 5; ++i) {
    text += (i == 0 ? "" : ",") + std::string(R"({"Id":")") + id + "\"}";
  }
  const auto list = parse_docker_list(text + "]", model::Runtime::docker);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->containers.size(), docker_max_containers);
  EXPECT_EQ(list->left_out, 5U);
}

TEST(ParseDockerList, RefusesWhatIsNoList) {
  for (const char* text : {"", "{}", "null", "[", R"({"message":"page not found"})"}) {
    EXPECT_FALSE(parse_docker_list(text, model::Runtime::docker)) << text;
  }
  EXPECT_TRUE(parse_docker_list("[]", model::Runtime::docker)->containers.empty());
}

std::string event(const std::string& action, const std::string& type = "container") {
  return R"({"status":")" + action + R"(","id":")" + id + R"(","from":"localhost/busybox:rig","Type":")" +
         type + R"(","Action":")" + action + R"(","Actor":{"ID":")" + id +
         R"(","Attributes":{"a":"b","image":"localhost/busybox:rig","name":"box1"}},"scope":"local","time":1795419191})";
}

TEST(ParseDockerEvent, TellsNewsFromTheEnd) {
  for (const char* action : {"create", "init", "start", "restart", "die", "died", "rename"}) {
    const auto parsed = parse_docker_event(event(action));
    ASSERT_TRUE(parsed) << action;
    EXPECT_EQ(parsed->id.value, id);
    EXPECT_FALSE(parsed->is_gone) << action;
    EXPECT_EQ(parsed->has_died, std::string_view{action}.starts_with("die")) << action;
  }
  for (const char* action : {"destroy", "remove"})
    EXPECT_TRUE(parse_docker_event(event(action)).value().is_gone);
}

TEST(ParseDockerEvent, PassesOverEverythingElse) {
  EXPECT_FALSE(parse_docker_event(event("exec_create: sh -c true")));
  EXPECT_FALSE(parse_docker_event(event("health_status: healthy")));
  EXPECT_FALSE(parse_docker_event(event("start", "network")));
  for (const char* line : {"", "null", "{", "[]", R"({"Type":"container","Action":"start"})",
                           R"({"Type":"container","Action":"start","Actor":{"ID":"x/../y"}})"}) {
    EXPECT_FALSE(parse_docker_event(line)) << line;
  }
}

}  // namespace
}  // namespace dropwarden::container
