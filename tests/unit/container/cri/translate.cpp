// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "container/cri_translate.hpp"

namespace dropwarden::container {
namespace {

using namespace std::chrono_literals;
using model::Runtime;

const std::string hex(64, 'a');

void add(google::protobuf::RepeatedPtrField<proto::cri::Entry>& entries, const std::string& key,
         const std::string& value) {
  proto::cri::Entry& entry = *entries.Add();
  entry.set_key(key);
  entry.set_value(value);
}

proto::cri::ContainerStatusResponse make_status() {
  proto::cri::ContainerStatusResponse response;
  auto& status = *response.mutable_status();
  status.set_id("c1");
  status.mutable_metadata()->set_name("web");
  status.set_state(proto::cri::CONTAINER_RUNNING);
  status.set_started_at(12);
  status.mutable_image()->set_image("docker.io/library/nginx:1.25");
  status.set_image_ref("docker.io/library/nginx@sha256:" + hex);
  auto& labels = *status.mutable_labels();
  add(labels, "io.kubernetes.pod.name", "shop");
  add(labels, "io.kubernetes.pod.namespace", "prod");
  add(labels, "io.kubernetes.pod.uid", "u-1");
  add(*response.mutable_info(), "info", R"({"pid":77,"sandboxID":"s1"})");
  return response;
}

TEST(FromStatus, FillsAContainer) {
  const auto found = from_status(make_status(), Runtime::containerd);
  ASSERT_TRUE(found);
  const model::Container& container = found->container;
  EXPECT_EQ(found->sandbox_id, "s1");
  EXPECT_EQ(container.id.value, "c1");
  EXPECT_EQ(container.name, "web");
  EXPECT_EQ(container.runtime, Runtime::containerd);
  EXPECT_EQ(container.image.name, "docker.io/library/nginx:1.25");
  EXPECT_EQ(container.image.digest, "sha256:" + hex);
  EXPECT_EQ(container.labels.at("io.kubernetes.pod.uid"), "u-1");
  ASSERT_TRUE(container.pod);
  EXPECT_EQ(container.pod->name, "shop");
  EXPECT_EQ(container.pod->name_space, "prod");
  EXPECT_EQ(container.pod->uid, "u-1");
  EXPECT_EQ(container.state, model::ContainerState::running);
  EXPECT_EQ(container.init.value, 77);
  EXPECT_EQ(container.started, util::WallTime{12ns});
  EXPECT_EQ(container.metadata, model::Metadata::complete);
  EXPECT_FALSE(container.is_sandbox);
}

TEST(FromStatus, FillsAPodSandbox) {
  proto::cri::PodSandboxStatusResponse response;
  response.mutable_status()->set_id("s1");
  response.mutable_status()->mutable_metadata()->set_name("shop");
  response.mutable_status()->mutable_metadata()->set_namespace_("prod");
  response.mutable_status()->mutable_metadata()->set_uid("u-1");
  add(*response.mutable_info(), "info", R"({"pid":70,"image":"registry.k8s.io/pause:3.9"})");
  const auto found = from_status(response, Runtime::crio);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->container.is_sandbox);
  EXPECT_EQ(found->container.pod->uid, "u-1");
  EXPECT_EQ(found->container.init.value, 70);
  EXPECT_EQ(found->container.image.name, "registry.k8s.io/pause:3.9");
  EXPECT_EQ(found->container.state, model::ContainerState::running);
}

TEST(FromStatus, IsStillOfUseWithoutInfo) {
  auto response = make_status();
  response.mutable_info(0)->set_value("{not json");
  EXPECT_EQ(from_status(response, Runtime::containerd)->container.name, "web");
  response.clear_info();
  EXPECT_EQ(from_status(response, Runtime::containerd)->container.init.value, 0);
}

TEST(FromStatus, GivesNoPidForAContainerThatHasExited) {
  auto response = make_status();
  response.mutable_status()->set_state(proto::cri::CONTAINER_EXITED);
  EXPECT_EQ(from_status(response, Runtime::containerd)->container.init.value, 0);
}

TEST(FromStatus, NamesTheImageByWhatIsKnownOfIt) {
  auto response = make_status();
  auto& status = *response.mutable_status();
  status.mutable_image()->set_image("sha256:" + hex);
  EXPECT_EQ(from_status(response, Runtime::containerd)->container.image.name, status.image_ref());
  status.mutable_image()->set_user_specified_image("nginx:1.25");
  EXPECT_EQ(from_status(response, Runtime::containerd)->container.image.name, "nginx:1.25");
  status.clear_image();
  status.set_image_ref("sha256:" + hex);
  const auto found = from_status(response, Runtime::containerd);
  EXPECT_EQ(found->container.image.name, "sha256:" + hex);
  EXPECT_EQ(found->container.image.digest, "sha256:" + hex);
}

TEST(FromStatus, BoundsWhatTheRuntimeSays) {
  auto response = make_status();
  response.mutable_status()->mutable_metadata()->set_name(std::string(100000, 'n'));
  for (int i = 0; i < 1000; ++i)
    add(*response.mutable_status()->mutable_labels(), "key" + std::to_string(i), std::string(100, 'v'));
  const auto found = from_status(response, Runtime::containerd);
  EXPECT_EQ(found->container.name.size(), 1024U);
  EXPECT_GT(found->container.labels.size(), 100U);
  EXPECT_LT(found->container.labels.size(), 200U);
  EXPECT_EQ(found->container.pod->name, "shop");
  response.mutable_status()->set_id(std::string(257, 'c'));
  EXPECT_FALSE(from_status(response, Runtime::containerd));
  response.mutable_status()->set_id("");
  EXPECT_FALSE(from_status(response, Runtime::containerd));
}

TEST(FromList, IsPendingUnlessTheContainerHasExited) {
  proto::cri::Container listed;
  listed.set_id("c1");
  listed.set_pod_sandbox_id("s1");
  listed.set_state(proto::cri::CONTAINER_RUNNING);
  EXPECT_EQ(from_list(listed, Runtime::containerd)->container.metadata, model::Metadata::pending);
  EXPECT_EQ(from_list(listed, Runtime::containerd)->sandbox_id, "s1");
  listed.set_state(proto::cri::CONTAINER_EXITED);
  EXPECT_EQ(from_list(listed, Runtime::containerd)->container.metadata, model::Metadata::complete);
  proto::cri::PodSandbox sandbox;
  sandbox.set_id("s1");
  sandbox.set_state(proto::cri::SANDBOX_NOTREADY);
  EXPECT_EQ(from_list(sandbox, Runtime::containerd)->container.state, model::ContainerState::exited);
}

TEST(DigestOf, TakesTheDigestsThatRuntimesGive) {
  EXPECT_EQ(digest_of("docker.io/library/nginx@sha256:" + hex), "sha256:" + hex);
  EXPECT_EQ(digest_of("sha256:" + hex), "sha256:" + hex);
  EXPECT_EQ(digest_of(hex), "sha256:" + hex);
  EXPECT_EQ(digest_of("docker.io/library/nginx:1.25"), "");
  EXPECT_EQ(digest_of("x@sha256:" + std::string(64, 'G')), "");
  EXPECT_EQ(digest_of("sha256:abc"), "");
  EXPECT_EQ(digest_of(""), "");
}

TEST(ToRuntime, KnowsTheNamesThatRuntimesGiveThemselves) {
  EXPECT_EQ(to_runtime("containerd"), Runtime::containerd);
  EXPECT_EQ(to_runtime("cri-o"), Runtime::crio);
  EXPECT_EQ(to_runtime("something"), Runtime::unknown);
}

}  // namespace
}  // namespace dropwarden::container
