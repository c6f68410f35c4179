// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::layer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LayerPath, IsNamesFromTheRootDown) {
  EXPECT_THAT(parse_path("/usr/bin/sh").value(), ElementsAre("usr", "bin", "sh"));
  EXPECT_THAT(parse_path("//usr///bin/").value(), ElementsAre("usr", "bin"));
  EXPECT_THAT(parse_path("/").value(), IsEmpty());
  EXPECT_THAT(parse_path("/...").value(), ElementsAre("..."));
}

TEST(LayerPath, NeverLeadsUp) {
  for (const char* path : {"/..", "/usr/../etc", "/usr/./bin", "."}) EXPECT_FALSE(parse_path(path)) << path;
  EXPECT_FALSE(parse_path(std::string_view("/a\0b", 4)));
}

TEST(LayerPath, OfARenamedDirectoryIsBesideItOrAnywhere) {
  EXPECT_THAT(redirect_path({"usr", "b"}, "a").value(), ElementsAre("usr", "a"));
  EXPECT_THAT(redirect_path({"usr", "b"}, "/opt/a").value(), ElementsAre("opt", "a"));
}

TEST(LayerPath, IsNotTakenFromARedirectThatOverlayfsRefuses) {
  for (const char* redirect : {"", "..", ".", "a/b", "../a", "/a/../b"}) {
    EXPECT_FALSE(redirect_path({"usr"}, redirect)) << redirect;
  }
  EXPECT_FALSE(redirect_path({}, "a"));
}

}  // namespace
}  // namespace dropwarden::layer
