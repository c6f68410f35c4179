// SPDX-License-Identifier: Apache-2.0
#include "sink/summary.hpp"

#include <gtest/gtest.h>

#include "sample.hpp"

namespace dropwarden::sink {
namespace {

TEST(Summary, SaysWhatCameWhereAndByWhom) {
  auto event = sample_finding().event;
  EXPECT_EQ(summarize(event), "elf /tmp/x was written in container web of pod prod/web-1 by curl[4711]");
  event.detected_by = model::Sensor::scan;
  event.process = {};
  event.container.pod.reset();
  event.container.name.clear();
  event.container.id = {"ab"};
  event.file.path = "/a\nb";
  EXPECT_EQ(summarize(event), "elf /a\\nb was found in container ab");
  EXPECT_EQ(summarize({}), "file of unknown path was written in an unknown container");
}

TEST(Summary, TakesPathsApart) {
  EXPECT_EQ(file_name_of("/tmp/x"), "x");
  EXPECT_EQ(directory_of("/tmp/x"), "/tmp");
  EXPECT_EQ(directory_of("/x"), "/");
  EXPECT_EQ(file_name_of(""), "");
  EXPECT_EQ(directory_of(""), "");
}

TEST(Summary, TakesNamesOfImagesApart) {
  const auto expect = [](std::string_view name, std::string_view repository, std::string_view tag) {
    EXPECT_EQ(parse_image_name(name).repository, repository) << name;
    EXPECT_EQ(parse_image_name(name).tag, tag) << name;
  };
  expect("docker.io/library/nginx:1.25", "docker.io/library/nginx", "1.25");
  expect("localhost:5000/a", "localhost:5000/a", "");
  expect("localhost:5000/a:b@sha256:0", "localhost:5000/a", "b");
  expect("a@sha256:0", "a", "");
  expect("", "", "");
}

}  // namespace
}  // namespace dropwarden::sink
