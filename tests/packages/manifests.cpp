// SPDX-License-Identifier: Apache-2.0
// The manifests of packaging/kubernetes: fields and types, what a pod of ours must and must not have, and
// that the configuration in them is one. The chart as it was rendered is in tests/packages/kubernetes; that
// it still is rendered so is tried by `tests/run --packages`.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "dropwarden/config/config.hpp"

#include "manifest_schema.hpp"

namespace dropwarden::test {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string top = DROPWARDEN_SOURCE_DIRECTORY;
const std::string plain = top + "/packaging/kubernetes/manifests/dropwarden.yaml";
const std::vector<std::string> files{plain, top + "/tests/packages/kubernetes/full.golden.yaml",
                                     top + "/tests/packages/kubernetes/small.golden.yaml",
                                     top + "/tests/packages/kubernetes/falcosidekick.golden.yaml"};

std::vector<YAML::Node> objects_of(const std::string& file) {
  std::vector<YAML::Node> objects;
  for (const auto& object : YAML::LoadAllFromFile(file))
    if (!object.IsNull()) objects.push_back(object);
  return objects;
}

YAML::Node object_of(const std::string& file, const std::string& kind) {
  for (const auto& object : objects_of(file))
    if (object["kind"].as<std::string>() == kind) return object;
  throw std::runtime_error(file + " has no " + kind);
}

std::vector<std::string> words(const YAML::Node& list) {
  return list.as<std::vector<std::string>>();
}

const ManifestSchema& schema() {
  static const ManifestSchema schema(top + "/tests/packages/kubernetes/fields");
  return schema;
}

std::vector<std::string> problems_of(const std::string& yaml) {
  return schema().problems_of(YAML::Load(yaml));
}

TEST(ManifestSchema, FindsWhatAClusterWouldPassOver) {
  const std::string head =
      "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: x}, spec: {selector: {}, template: {spec: ";
  EXPECT_THAT(problems_of(head + "{containers: []}}}}"), IsEmpty());
  EXPECT_THAT(problems_of(head + "{containers: [], hostPid: true}}}}"),
              UnorderedElementsAre("DaemonSet.spec.template.spec.hostPid: is not known"));
  EXPECT_THAT(problems_of(head + "{containers: [], hostPID: \"true\"}}}}"),
              UnorderedElementsAre("DaemonSet.spec.template.spec.hostPID: should be bool"));
  EXPECT_THAT(problems_of(head + "{containers: [{image: a}]}}}}"),
              UnorderedElementsAre("DaemonSet.spec.template.spec.containers[0].name: is missing"));
  EXPECT_THAT(problems_of(head + "{containers: {}}}}}"),
              UnorderedElementsAre("DaemonSet.spec.template.spec.containers: should be a list"));
}

TEST(ManifestSchema, TellsTextFromWhatOnlyLooksLikeIt) {
  const std::string head = "{apiVersion: v1, kind: ConfigMap, metadata: {}, data: {key: ";
  EXPECT_THAT(problems_of(head + "\"1\"}}"), IsEmpty());
  for (const char* value : {"1", "true", "no", "1.5", "1e3", "null", "~", "[]"})
    EXPECT_THAT(problems_of(head + value + "}}"), testing::SizeIs(1)) << value;
  EXPECT_THAT(problems_of("{apiVersion: v2, kind: ConfigMap, metadata: {}}"),
              UnorderedElementsAre("ConfigMap.apiVersion: should be v1"));
  EXPECT_THAT(problems_of("{apiVersion: v1, kind: Pod, metadata: {}}"),
              UnorderedElementsAre("kind Pod is not known"));
}

TEST(Manifests, HaveFieldsThatAreKnownOfTheRightTypes) {
  std::set<std::string> kinds;
  for (const auto& file : files) {
    for (const auto& object : objects_of(file)) {
      EXPECT_THAT(schema().problems_of(object), IsEmpty()) << file;
      kinds.insert(object["kind"].as<std::string>());
    }
  }
  EXPECT_EQ(kinds.size(), 8U);
}

TEST(Manifests, GiveThePodWhatItNeedsAndNoMore) {
  for (const auto& file : files) {
    const auto pod = object_of(file, "DaemonSet")["spec"]["template"]["spec"];
    EXPECT_TRUE(pod["hostPID"].as<bool>()) << file;
    EXPECT_FALSE(pod["automountServiceAccountToken"].as<bool>()) << file;
    EXPECT_FALSE(pod["hostNetwork"]) << file;
    EXPECT_EQ(pod["securityContext"]["seccompProfile"]["type"].as<std::string>(), "RuntimeDefault") << file;
    const auto context = pod["containers"][0]["securityContext"];
    EXPECT_FALSE(context["privileged"].as<bool>()) << file;
    EXPECT_TRUE(context["readOnlyRootFilesystem"].as<bool>()) << file;
    EXPECT_THAT(words(context["capabilities"]["drop"]), UnorderedElementsAre("ALL")) << file;
    EXPECT_THAT(words(context["capabilities"]["add"]),
                UnorderedElementsAre("SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH", "SETUID", "SETGID"))
        << file;
    EXPECT_FALSE(pod["containers"][0]["resources"]["limits"]["cpu"]) << file;
  }
}

// By a field since Kubernetes 1.30, by an annotation before.
TEST(Manifests, TakeTheAppArmorProfileAway) {
  for (const auto& file : files) {
    const auto pod = object_of(file, "DaemonSet")["spec"]["template"];
    const auto field = pod["spec"]["containers"][0]["securityContext"]["appArmorProfile"];
    const auto annotation =
        pod["metadata"]["annotations"]["container.apparmor.security.beta.kubernetes.io/dropwarden"];
    ASSERT_NE(field.IsDefined(), annotation.IsDefined()) << file;
    EXPECT_EQ(field ? field["type"].as<std::string>() : "Unconfined", "Unconfined") << file;
    EXPECT_EQ(annotation ? annotation.as<std::string>() : "unconfined", "unconfined") << file;
  }
}

TEST(Manifests, MountOnlyVolumesThatAreThere) {
  for (const auto& file : files) {
    const auto pod = object_of(file, "DaemonSet")["spec"]["template"]["spec"];
    std::set<std::string> volumes;
    std::set<std::string> mounted;
    for (const auto& volume : pod["volumes"]) volumes.insert(volume["name"].as<std::string>());
    for (const auto& mount : pod["containers"][0]["volumeMounts"]) {
      mounted.insert(mount["name"].as<std::string>());
      if (!mount["name"].as<std::string>().starts_with("runtime-")) continue;
      // Without, the pod would hold the mounts of containers that have ended.
      EXPECT_EQ(mount["mountPropagation"].as<std::string>(), "HostToContainer") << file;
    }
    EXPECT_EQ(volumes, mounted) << file;
  }
}

TEST(Manifests, SelectTheirOwnPods) {
  for (const auto& file : files) {
    const auto labels = object_of(file, "DaemonSet")["spec"]["template"]["metadata"]["labels"];
    for (const auto& object : objects_of(file)) {
      if (!object["spec"] || object["kind"].as<std::string>() == "ServiceMonitor") continue;
      for (const char* selector : {"selector", "podSelector"}) {
        const YAML::Node selected = object["spec"][selector];
        // That of a Service is the labels themselves.
        if (!selected) continue;
        for (const auto& pair : selected["matchLabels"] ? selected["matchLabels"] : selected)
          EXPECT_EQ(labels[pair.first.as<std::string>()].as<std::string>(), pair.second.as<std::string>())
              << file;
      }
    }
  }
}

TEST(Manifests, HoldAConfigurationThatTheProgramTakes) {
  for (const auto& file : files) {
    const auto data = object_of(file, "ConfigMap")["data"]["dropwarden.yaml"].as<std::string>();
    const auto config = config::parse(data, file);
    const auto port = object_of(file, "DaemonSet")["spec"]["template"]["spec"]["containers"][0]["ports"][0];
    EXPECT_EQ(config.metrics.listen, "0.0.0.0:" + port["containerPort"].as<std::string>());
  }
  EXPECT_FALSE(
      config::parse(object_of(files[1], "ConfigMap")["data"]["dropwarden.yaml"].as<std::string>(), "full")
          .watch.exec);
}

// The kubelet starts no pod anew because a ConfigMap has changed.
TEST(Manifests, MakeAnotherPodOfAnotherConfiguration) {
  std::map<std::string, std::string> checksums;
  for (const auto& file : files) {
    const auto data = object_of(file, "ConfigMap")["data"]["dropwarden.yaml"].as<std::string>();
    const auto annotations = object_of(file, "DaemonSet")["spec"]["template"]["metadata"]["annotations"];
    const auto checksum = annotations["checksum/config"].as<std::string>();
    EXPECT_EQ(checksums.emplace(data, checksum).first->second, checksum) << file;
  }
  std::set<std::string> distinct;
  for (const auto& [data, checksum] : checksums) distinct.insert(checksum);
  EXPECT_GT(checksums.size(), 2U);
  EXPECT_EQ(distinct.size(), checksums.size());
}

// packaging/kubernetes/README.md has the values for it.
TEST(Manifests, WireFindingsToFalcosidekickAndLetThemOut) {
  const auto& file = files.back();
  const auto data = object_of(file, "ConfigMap")["data"]["dropwarden.yaml"].as<std::string>();
  const auto config = config::parse(data, file);
  ASSERT_EQ(config.outputs.size(), 2U);
  EXPECT_EQ(config.outputs[1].type, config::OutputType::webhook);
  EXPECT_EQ(config.outputs[1].format, config::Format::falco);
  const auto port = config.outputs[1].url.substr(config.outputs[1].url.rfind(':') + 1);
  std::set<std::string> open;
  for (const auto& rule : object_of(file, "NetworkPolicy")["spec"]["egress"])
    for (const auto& allowed : rule["ports"]) open.insert(allowed["port"].as<std::string>());
  EXPECT_THAT(open, testing::IsSupersetOf({std::string("53"), port.substr(0, port.find('/'))}));
}

// Where the version stands that is built. NEWS.md begins with it.
TEST(Version, IsTheSameWhereverItStands) {
  const std::string version = DROPWARDEN_VERSION;
  const auto text_of = [](const std::string& file) {
    std::ifstream in(top + "/" + file);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  };
  const auto chart = YAML::LoadFile(top + "/packaging/kubernetes/chart/Chart.yaml");
  EXPECT_EQ(chart["version"].as<std::string>(), version);
  EXPECT_EQ(chart["appVersion"].as<std::string>(), version);
  const auto kustomization = YAML::LoadFile(top + "/packaging/kubernetes/manifests/kustomization.yaml");
  EXPECT_EQ(kustomization["images"][0]["newTag"].as<std::string>(), version);
  const auto news = text_of("NEWS.md");
  EXPECT_EQ(news.substr(news.find("\n## ") + 4, version.size()), version);
  for (const std::string& text :
       {"${DROPWARDEN_IMAGE:-dropwarden:" + version + "}", "#     dropwarden:" + version + "\n"})
    EXPECT_THAT(text_of("packaging/compose/compose.yaml"), testing::HasSubstr(text));
  for (const std::string& text : {"dropwarden_" + version + "_amd64.deb", "--tag dropwarden:" + version})
    EXPECT_THAT(text_of("README.md"), testing::HasSubstr(text));
  EXPECT_THAT(text_of("packaging/rpm/dropwarden.spec"), testing::HasSubstr(":" + version + "}"));
}

// Probes ask for pages that there are, and rules for metrics.
TEST(Manifests, AskForNoMetricThatIsNotDescribed) {
  std::ifstream in(top + "/man/dropwarden-metrics.5");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::string> texts;
  for (const auto& group : object_of(files[1], "PrometheusRule")["spec"]["groups"])
    for (const auto& rule : group["rules"]) texts.push_back(rule["expr"].as<std::string>());
  std::ifstream board(top + "/packaging/kubernetes/chart/dashboards/dropwarden.json");
  texts.emplace_back(std::istreambuf_iterator<char>(board), std::istreambuf_iterator<char>{});
  std::size_t asked = 0;
  for (const auto& text : texts) {
    for (auto at = text.find("dropwarden_"); at != std::string::npos; at = text.find("dropwarden_", at + 1)) {
      auto name = text.substr(at, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at) - at);
      if (name.ends_with("_bucket")) name.resize(name.size() - 7);
      EXPECT_NE(page.find(".It Va " + name + " : "), std::string::npos) << name;
      ++asked;
    }
  }
  EXPECT_GT(asked, 10U);
}

}  // namespace
}  // namespace dropwarden::test
