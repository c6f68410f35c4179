// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/container/overlay_owner.hpp"

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::container {

// GoogleTest prints an owner by this name.
void PrintTo(const OverlayOwner& owner, std::ostream* out) {
  *out << owner.id.value << " by " << static_cast<int>(owner.evidence);
}

namespace {

using model::Device;
using model::Metadata;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

class OverlayOwnerTest : public testing::Test {
 protected:
  // A container; `root` is the device its init's root is on, 0:0 for none that can be read.
  model::Container& add(const std::string& id, std::int32_t init = 0, Device root = {}) {
    auto container = std::make_shared<model::Container>();
    container->id = {id};
    container->init = {init};
    snapshot_.containers[id] = container;
    roots_[init] = root;
    return *container;
  }
  void mount(Device device, const std::string& upperdir = {}, const std::string& carried = {}) {
    overlays_.push_back({device, upperdir, {carried}});
  }
  std::unordered_map<Device, OverlayOwner> find() {
    asked_.clear();
    return find_overlay_owners(overlays_, snapshot_, [this](model::Pid pid) -> std::optional<Device> {
      asked_.push_back(pid.value);
      const auto root = roots_.at(pid.value);
      return root == Device{} ? std::nullopt : std::optional(root);
    });
  }

  std::vector<OverlayClue> overlays_;
  Snapshot snapshot_;
  std::map<std::int32_t, Device> roots_;
  std::vector<std::int32_t> asked_;
};

TEST_F(OverlayOwnerTest, IsWhoseUpperdirARuntimeTold) {
  add("a", 10, {0, 50}).upperdir = "/docker/a/diff/";
  mount({0, 50}, "/docker/a/diff");
  EXPECT_THAT(find(), ElementsAre(Pair(Device{0, 50}, OverlayOwner{{"a"}, Evidence::upperdir})));
  EXPECT_THAT(asked_, IsEmpty()) << "nothing was left to ask for";
}

TEST_F(OverlayOwnerTest, IsWhomTheMountPointNamesThoughNoSourceKnowsIt) {
  mount({0, 50}, "/snapshots/7/fs", "a");
  EXPECT_THAT(find(), ElementsAre(Pair(Device{0, 50}, OverlayOwner{{"a"}, Evidence::mount_point})));
}

TEST_F(OverlayOwnerTest, IsWhoseInitHasItsRootThere) {
  add("a", 10, {0, 50});
  add("b", 11, {0, 51});
  add("ended");
  add("unreadable", 12);
  mount({0, 50}, "/upper/50");
  mount({0, 51}, "/upper/51");
  mount({0, 52}, "/upper/52");
  EXPECT_THAT(find(), UnorderedElementsAre(Pair(Device{0, 50}, OverlayOwner{{"a"}, Evidence::init_root}),
                                           Pair(Device{0, 51}, OverlayOwner{{"b"}, Evidence::init_root})));
  EXPECT_THAT(asked_, testing::Not(testing::Contains(0)));
}

TEST_F(OverlayOwnerTest, PrefersWhatTheRuntimeToldToWhatAProcessShows) {
  add("a", 10, {0, 51}).upperdir = "/upper/50";  // its init has entered b's root
  add("b", 11, {0, 51});
  add("c", 12, {0, 52});
  mount({0, 50}, "/upper/50", "other");
  mount({0, 51}, "/upper/51");
  mount({0, 52}, "/upper/52", "named");
  EXPECT_THAT(find(),
              UnorderedElementsAre(Pair(Device{0, 50}, OverlayOwner{{"a"}, Evidence::upperdir}),
                                   Pair(Device{0, 51}, OverlayOwner{{"b"}, Evidence::init_root}),
                                   Pair(Device{0, 52}, OverlayOwner{{"named"}, Evidence::mount_point})));
}

TEST_F(OverlayOwnerTest, TakesTheBestClueOfADeviceThatIsMountedTwice) {
  add("a").upperdir = "/upper/50";
  mount({0, 50}, "", "other");
  mount({0, 50}, "/upper/50");
  EXPECT_THAT(find(), ElementsAre(Pair(Device{0, 50}, OverlayOwner{{"a"}, Evidence::upperdir})));
}

TEST_F(OverlayOwnerTest, SettlesTwoClaimsByMetadataThenById) {
  add("a", 10, {0, 50});
  add("c", 11, {0, 50}).metadata = Metadata::complete;
  add("b", 12, {0, 50}).metadata = Metadata::complete;
  mount({0, 50});
  EXPECT_THAT(find(), ElementsAre(Pair(Device{0, 50}, OverlayOwner{{"b"}, Evidence::init_root})));
}

TEST_F(OverlayOwnerTest, NeverMatchesTwoUpperdirsThatAreBothUnknown) {
  add("a");
  add("b").upperdir = "/";
  mount({0, 50});
  mount({0, 51}, "/");
  EXPECT_THAT(find(), IsEmpty());
}

TEST_F(OverlayOwnerTest, CountsSandboxesAsContainers) {
  add("a", 10, {0, 50}).is_sandbox = true;
  mount({0, 50});
  EXPECT_THAT(find(), ElementsAre(Pair(Device{0, 50}, OverlayOwner{{"a"}, Evidence::init_root})));
}

}  // namespace
}  // namespace dropwarden::container
