// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"

namespace dropwarden::mount {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

model::OverlayLayers layers_of(std::string mount_point, std::string options) {
  model::Mount mount;
  mount.mount_point = std::move(mount_point);
  mount.file_system = "overlay";
  mount.super_options = std::move(options);
  return parse_overlay_layers(mount).value();
}

TEST(ParseOverlayLayers, SaysNothingOfOtherFileSystems) {
  model::Mount mount;
  mount.file_system = "tmpfs";
  mount.super_options = "rw,upperdir=/a";
  EXPECT_EQ(parse_overlay_layers(mount), std::nullopt);
}

TEST(ParseOverlayLayers, TakesAbsoluteLayersAsTheyAre) {
  const auto layers =
      layers_of("/run/r", "rw,relatime,lowerdir=/s/2/fs:/s/1/fs,upperdir=/s/3/fs,workdir=/s/3/work,uuid=on");
  EXPECT_THAT(layers.lowerdirs, ElementsAre("/s/2/fs", "/s/1/fs"));
  EXPECT_EQ(layers.upperdir, "/s/3/fs");
  EXPECT_EQ(layers.workdir, "/s/3/work");
}

TEST(ParseOverlayLayers, ResolvesRelativeLowerdirsAgainstTheSnapshotsOfContainerd) {
  const auto layers =
      layers_of("/run/containerd/io.containerd.runtime.v2.task/k8s.io/x/rootfs",
                "rw,lowerdir=102/fs:101/fs,upperdir=/c/snapshots/103/fs,workdir=/c/snapshots/103/work");
  EXPECT_THAT(layers.lowerdirs, ElementsAre("/c/snapshots/102/fs", "/c/snapshots/101/fs"));
  EXPECT_EQ(layers.upperdir, "/c/snapshots/103/fs");
}

TEST(ParseOverlayLayers, ResolvesRelativeUpperdirsAgainstTheLayersOfDockerAndPodman) {
  const auto layers =
      layers_of("/var/lib/docker/overlay2/aa/merged",
                "rw,lowerdir=l/ABCDEFGHIJKLMNOPQRSTUVWXYZ:l/B,upperdir=aa/diff,workdir=aa/work");
  EXPECT_THAT(layers.lowerdirs, ElementsAre("/var/lib/docker/overlay2/l/ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                                            "/var/lib/docker/overlay2/l/B"));
  EXPECT_EQ(layers.upperdir, "/var/lib/docker/overlay2/aa/diff");
  EXPECT_EQ(layers.workdir, "/var/lib/docker/overlay2/aa/work");
}

TEST(ParseOverlayLayers, LeavesARelativeNameThatNothingExplains) {
  const auto layers = layers_of("/", "rw,lowerdir=l/A,upperdir=aa/diff,workdir=aa/work");
  EXPECT_THAT(layers.lowerdirs, ElementsAre("l/A"));
  EXPECT_EQ(layers.upperdir, "aa/diff");
}

TEST(ParseOverlayLayers, HasNoUpperdirWhereTheOverlayIsReadOnly) {
  const auto layers = layers_of("/x/aa/merged", "ro,lowerdir=l/A:/abs");
  EXPECT_EQ(layers.upperdir, "");
  EXPECT_THAT(layers.lowerdirs, ElementsAre("/x/l/A", "/abs"));
}

TEST(ParseOverlayLayers, UndoesBothKindsOfEscapes) {
  // As Linux 6.18 prints `/a b`, `/l:1`, `/l\3` and an upperdir `/u:1,2 x`.
  const auto layers = layers_of(
      "/m", R"(rw,lowerdir=/a\040b:/l\134:1:/l\134\1343,upperdir=/u\134:1\134\0542\040x,workdir=/w)");
  EXPECT_THAT(layers.lowerdirs, ElementsAre("/a b", "/l:1", R"(/l\3)"));
  EXPECT_EQ(layers.upperdir, "/u:1,2 x");
}

TEST(ParseOverlayLayers, TakesLayersThatWereAddedOneByOneLiterally) {
  const auto layers =
      layers_of("/m", R"(ro,lowerdir+=/l:1,lowerdir+=/l\1343,lowerdir+=/l\0542,datadir+=/d,redirect_dir=on)");
  EXPECT_THAT(layers.lowerdirs, ElementsAre("/l:1", R"(/l\3)", "/l,2", "/d"));
}

TEST(ParseOverlayLayers, CountsDataOnlyLayersAsLowest) {
  const auto layers = layers_of("/m", "ro,lowerdir=/l=4::/d::/e");
  EXPECT_THAT(layers.lowerdirs, ElementsAre("/l=4", "/d", "/e"));
  EXPECT_EQ(layers.data_only, 2U);
  EXPECT_EQ(layers_of("/m", "ro,lowerdir+=/l,datadir+=/d").data_only, 1U);
  EXPECT_EQ(layers_of("/m", "ro,lowerdir=/l:/m").data_only, 0U);
}

TEST(ParseOverlayLayers, TellsWhichAttributesMarkTheFilesOfItsLayers) {
  EXPECT_TRUE(layers_of("/m", "rw,lowerdir=/l,upperdir=/u,workdir=/w,userxattr").has_user_attributes);
  EXPECT_FALSE(layers_of("/m", "rw,lowerdir=/l,upperdir=/u,workdir=/w").has_user_attributes);
}

TEST(ParseOverlayLayers, SurvivesOptionsThatEndInTheMiddle) {
  EXPECT_THAT(layers_of("/m", "").lowerdirs, IsEmpty());
  EXPECT_THAT(layers_of("/m", "lowerdir=").lowerdirs, IsEmpty());
  EXPECT_THAT(layers_of("/m", "lowerdir").lowerdirs, IsEmpty());
  EXPECT_THAT(layers_of("/m", R"(lowerdir=/a:\134)").lowerdirs, ElementsAre("/a", R"(\)"));
  EXPECT_THAT(layers_of("/m", R"(lowerdir=::/a\04)").lowerdirs, ElementsAre(R"(/a04)"));
}

}  // namespace
}  // namespace dropwarden::mount
