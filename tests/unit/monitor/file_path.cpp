// SPDX-License-Identifier: Apache-2.0
#include "monitor/file_path.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

TEST(ParseDescriptorLink, KeepsTheNameOfALiveFile) {
  const auto path = parse_descriptor_link("/tmp/x", 1);
  EXPECT_EQ(path.path, "/tmp/x");
  EXPECT_EQ(path.state, model::PathState::live);
}

TEST(ParseDescriptorLink, TakesTheKernelsSuffixOffAnUnlinkedFile) {
  const auto path = parse_descriptor_link("/tmp/x (deleted)", 0);
  EXPECT_EQ(path.path, "/tmp/x");
  EXPECT_EQ(path.state, model::PathState::deleted);
}

TEST(ParseDescriptorLink, BelievesTheLinkCountWhenALiveFileIsNamedLikeADeletedOne) {
  const auto path = parse_descriptor_link("/tmp/x (deleted)", 1);
  EXPECT_EQ(path.path, "/tmp/x (deleted)");
  EXPECT_EQ(path.state, model::PathState::live);
}

TEST(ParseDescriptorLink, CallsATemporaryFileUnnamedEvenOnceItIsLinked) {
  EXPECT_EQ(parse_descriptor_link("/tmp/#32 (deleted)", 0).state, model::PathState::unnamed);
  EXPECT_EQ(parse_descriptor_link("/tmp/#32 (deleted)", 1).state, model::PathState::unnamed);
  EXPECT_EQ(parse_descriptor_link("/tmp/#32", 1).state, model::PathState::live);
  EXPECT_EQ(parse_descriptor_link("/tmp/#x (deleted)", 0).state, model::PathState::deleted);
}

}  // namespace
}  // namespace dropwarden::monitor
