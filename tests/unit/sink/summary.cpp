// SPDX-License-Identifier: Apache-2.0
#include "sink/summary.hpp"

#include <gtest/gtest.h>

#include "dropwarden/sink/format.hpp"

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
  EXPECT_EQ(summarize(model::WriteEvent{}), "file of unknown path was written in an unknown container");
}

TEST(Summary, SaysHowManyFindingsWereHeldBackInEachFormat) {
  model::Finding finding;
  finding.decision.held_back = 12;
  finding.event.container.name = "web";
  EXPECT_EQ(summarize(finding), "12 findings were held back in container web");
  for (const Format format : {Format::falco, Format::ecs, Format::ocsf, Format::cef})
    EXPECT_NE(format_line(format, finding, {}).find("12 findings were held back in container web"),
              std::string::npos)
        << name_of(format);
  for (const Format format : {Format::native, Format::tracee})
    EXPECT_NE(format_line(format, finding, {}).find("held_back"), std::string::npos) << name_of(format);
  EXPECT_NE(format_line(Format::text, finding, {}).find("12 findings held back"), std::string::npos);
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
