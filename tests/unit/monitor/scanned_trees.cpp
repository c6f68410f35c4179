// SPDX-License-Identifier: Apache-2.0
#include "monitor/scanned_trees.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* upper = "/var/lib/docker/overlay2/a/diff";

WatchedMount overlay(std::uint64_t serial, const std::string& container, const std::string& mount_point) {
  WatchedMount mount;
  mount.serial = serial;
  mount.container = {container};
  mount.mount_point = mount_point;
  mount.layers.upperdir = upper;
  mount.coverage = mount::Coverage::file_system;
  return mount;
}

WatchedMount volume(std::uint64_t serial, const std::string& container) {
  WatchedMount mount;
  mount.serial = serial;
  mount.place = model::Place::volume;
  mount.container = {container};
  mount.type = "ext4";
  mount.mount = {serial};
  mount.root = "/srv/data";
  mount.coverage = mount::Coverage::mount;
  return mount;
}

TEST(ScannedTrees, AreOneForAVolumeThatSeveralContainersHave) {
  const auto trees = find_trees({volume(1, "a"), volume(2, "b")});
  ASSERT_THAT(trees, SizeIs(1));
  const ScannedTree& tree = trees.begin()->second;
  EXPECT_THAT(tree.serials, ElementsAre(1, 2));
  EXPECT_THAT(tree.containers, ElementsAre("a", "b"));
  EXPECT_FALSE(tree.is_overlay);
}

// Whoever comes first.
TEST(ScannedTrees, AreThoseOfTheHostWhereAContainerNamesTheUpperDirectoryOfAnother) {
  const auto victim = overlay(2, "victim", "/run/victim/merged");
  const auto thief = [](std::uint64_t serial) { return overlay(serial, "thief", ""); };
  for (const auto& mounts : {std::list{thief(1), victim, thief(3)}, std::list{victim, thief(3)}}) {
    const auto trees = find_trees(mounts);
    ASSERT_THAT(trees, SizeIs(1));
    const ScannedTree& tree = trees.begin()->second;
    EXPECT_THAT(tree.serials, ElementsAre(2));
    EXPECT_THAT(tree.containers, ElementsAre("victim"));
    EXPECT_TRUE(tree.is_overlay);
  }
  EXPECT_THAT(find_trees({thief(1)}).begin()->second.containers, ElementsAre("thief"));
}

// Else the container of a user who shows the volume of another in a namespace of his own would share it.
TEST(ScannedTrees, AreNoneOfWhoShowsWhatBelongsToOthers) {
  auto lent = volume(1, "thief");
  lent.belongs_to_others = true;
  const auto trees = find_trees({lent, volume(2, "b")});
  ASSERT_THAT(trees, SizeIs(1));
  EXPECT_THAT(trees.begin()->second.serials, ElementsAre(2));
  EXPECT_THAT(trees.begin()->second.containers, ElementsAre("b"));
  EXPECT_THAT(find_trees({lent}), IsEmpty());
}

TEST(ScannedTrees, AreNoneOfWhatIsNotWatchedOrHasNothingNew) {
  auto unmarked = overlay(1, "a", "/merged");
  unmarked.coverage = mount::Coverage::none;
  auto read_only = overlay(2, "a", "/merged");
  read_only.layers.upperdir.clear();
  auto plain_root = volume(3, "a");
  plain_root.place = model::Place::rootfs;
  EXPECT_THAT(find_trees({unmarked, read_only, plain_root}), IsEmpty());
  unmarked.is_failed = true;
  EXPECT_THAT(find_trees({unmarked}), SizeIs(1));
}

}  // namespace
}  // namespace dropwarden::monitor
