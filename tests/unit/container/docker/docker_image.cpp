// SPDX-License-Identifier: Apache-2.0
#include "container/docker_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::container {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

std::string digest(char digit) {
  return "sha256:" + std::string(64, digit);
}

TEST(ParseDockerImage, ReadsTagsAndDigests) {
  const auto image = parse_docker_image(R"({"Id":")" + digest('a') + R"(","RepoTags":["nginx:1.25","nginx:1"],
    "RepoDigests":["nginx@)" + digest('b') +
                                        R"(","registry:5000/team/nginx@)" + digest('c') + R"("]})");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->id, digest('a'));
  EXPECT_EQ(image->tag, "nginx:1.25");
  EXPECT_THAT(image->digests, UnorderedElementsAre(Pair("nginx", digest('b')),
                                                   Pair("registry:5000/team/nginx", digest('c'))));
}

TEST(ParseDockerImage, TakesWrongTypesAsAbsent) {
  for (const char* text : {"null", "[]", "{}", R"({"Id":1,"RepoTags":{},"RepoDigests":"x"})",
                           R"({"RepoTags":[1],"RepoDigests":[null,"nginx","nginx@sha256:12","@"]})"}) {
    const auto image = parse_docker_image(text);
    ASSERT_TRUE(image) << text;
    EXPECT_EQ(image->id, "") << text;
    EXPECT_EQ(image->tag, "") << text;
    EXPECT_THAT(image->digests, IsEmpty()) << text;
  }
  EXPECT_FALSE(parse_docker_image("{"));
}

TEST(ToDockerImage, TakesADigestFromTheName) {
  const model::Image image = to_docker_image("registry:5000/a/b:1@" + digest('d'));
  EXPECT_EQ(image.name, "registry:5000/a/b:1@" + digest('d'));
  EXPECT_EQ(image.digest, digest('d'));
  EXPECT_EQ(to_docker_image("a@sha256:zz").digest, "");
}

TEST(ToImageId, AddsTheAlgorithmThatOldPodmanLeavesOut) {
  EXPECT_EQ(to_image_id(std::string(64, 'a')), digest('a'));
  EXPECT_EQ(to_image_id(digest('a')), digest('a'));
  EXPECT_EQ(to_image_id(std::string(65, 'a')), "");
  EXPECT_EQ(to_image_id("nginx"), "");
  EXPECT_EQ(to_image_id("../../x"), "");
}

TEST(CompleteImage, PrefersTheDigestOfTheSameRepository) {
  const DockerImage image{
      .id = digest('a'), .tag = "nginx:1", .digests = {{"a", digest('b')}, {"nginx", digest('c')}}};
  model::Image asked_by_name = to_docker_image("nginx:1.25");
  complete_image(asked_by_name, image);
  EXPECT_EQ(asked_by_name.digest, digest('c'));
  model::Image asked_otherwise = to_docker_image("localhost:5000/other");
  complete_image(asked_otherwise, image);
  EXPECT_EQ(asked_otherwise.digest, digest('b'));
  EXPECT_EQ(asked_otherwise.name, "localhost:5000/other");
  model::Image asked_by_digest = to_docker_image("nginx@" + digest('d'));
  complete_image(asked_by_digest, image);
  EXPECT_EQ(asked_by_digest.digest, digest('d'));
}

TEST(CompleteImage, FallsBackToTheImageId) {
  model::Image image = to_docker_image("localhost/busybox:rig");
  complete_image(image, {.id = digest('a'), .tag = "other:1", .digests = {}});
  EXPECT_EQ(image.name, "localhost/busybox:rig");
  EXPECT_EQ(image.digest, digest('a'));
}

TEST(CompleteImage, NamesAnImageThatWasAskedForByItsId) {
  model::Image image = to_docker_image(digest('a'));
  complete_image(image, {.id = digest('a'), .tag = "nginx:1", .digests = {}});
  EXPECT_EQ(image.name, "nginx:1");
}

}  // namespace
}  // namespace dropwarden::container
