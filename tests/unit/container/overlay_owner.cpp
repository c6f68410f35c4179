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
  *out << owner.id.value << " by " << static_cast<int>(owner.evidence) << ", not " << owner.denied.value;
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
    roots_[id] = root;
    return *container;
  }
  void mount(Device device, const std::string& upperdir = {}, const std::string& carried = {}) {
    overlays_.push_back({device, upperdir, {carried}});
  }
  std::unordered_map<Device, OverlayOwner> find() {
    asked_.clear();
    const auto root_in = [](const auto& roots, const model::Container& container) {
      const auto root = roots.find(container.id.value);
      return root == roots.end() || root->second == Device{} ? std::nullopt : std::optional(root->second);
    };
    return find_overlay_owners(
        overlays_, snapshot_,
        {.seen = [&](const model::Container& one) { return root_in(seen_.empty() ? roots_ : seen_, one); },
         .now =
             [&](const model::Container& one) {
               asked_.push_back(one.init.value);
               return root_in(roots_, one);
             }});
  }

  std::vector<OverlayClue> overlays_;
  Snapshot snapshot_;
  std::map<std::string, Device> roots_;
  std::map<std::string, Device> seen_;  // where that is something else
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

TEST_F(OverlayOwnerTest, PrefersWhatTheMountPointNamesToWhatARuntimeTellsAndAProcessShows) {
  add("a", 10, {0, 50}).upperdir = "/upper/50";
  add("b", 11, {0, 51});
  mount({0, 50}, "/upper/50", "other");
  mount({0, 51}, "/upper/51", "named");
  mount({0, 52}, "/upper/52", "c");
  add("c", 12, {0, 50}).upperdir = "/upper/52";
  EXPECT_THAT(find(),
              UnorderedElementsAre(Pair(Device{0, 50}, OverlayOwner{{"other"}, Evidence::mount_point, {"a"}}),
                                   Pair(Device{0, 51}, OverlayOwner{{"named"}, Evidence::mount_point}),
                                   Pair(Device{0, 52}, OverlayOwner{{"c"}, Evidence::mount_point})));
}

// As a container makes it in a volume that propagates its mounts to the host.
TEST_F(OverlayOwnerTest, PrefersWhatARuntimeTellsToWhatALaterMountPointNames) {
  add("a").upperdir = "/upper/50";
  mount({0, 50}, "/upper/50");
  mount({0, 50}, "/upper/50", "other");
  mount({0, 51}, "/upper/51", "first");
  mount({0, 51}, "/upper/51", "second");
  mount({0, 52});
  mount({0, 52}, {}, "other");
  EXPECT_THAT(find(),
              UnorderedElementsAre(Pair(Device{0, 50}, OverlayOwner{{"a"}, Evidence::upperdir}),
                                   Pair(Device{0, 51}, OverlayOwner{{"first"}, Evidence::mount_point}),
                                   Pair(Device{0, 52}, OverlayOwner{{"other"}, Evidence::later_mount})));
}

// The runtime of "b" tells another's upper directory.
TEST_F(OverlayOwnerTest, BelievesNoRuntimeWhereAnotherContainersFirstProcessIsThereAlone) {
  add("a", 10, {0, 50});
  add("b", 11, {0, 51}).upperdir = "/upper/50";
  add("c", 0).upperdir = "/upper/50";
  mount({0, 50}, "/upper/50");
  mount({0, 51}, "/upper/51");
  const OverlayOwner is_a{{"a"}, Evidence::init_root, {"b"}};
  EXPECT_THAT(find(), UnorderedElementsAre(Pair(Device{0, 50}, is_a),
                                           Pair(Device{0, 51}, OverlayOwner{{"b"}, Evidence::init_root})));
  snapshot_.containers.erase("c");
  EXPECT_THAT(find(), testing::Contains(Pair(Device{0, 50}, is_a)));
}

TEST_F(OverlayOwnerTest, PutsTwoRightWhoseUpperDirectoriesARuntimeToldTheWrongWayRound) {
  add("a", 10, {0, 50}).upperdir = "/upper/51";
  add("b", 11, {0, 51}).upperdir = "/upper/50";
  mount({0, 50}, "/upper/50");
  mount({0, 51}, "/upper/51");
  EXPECT_THAT(find(),
              UnorderedElementsAre(Pair(Device{0, 50}, OverlayOwner{{"a"}, Evidence::init_root, {"b"}}),
                                   Pair(Device{0, 51}, OverlayOwner{{"b"}, Evidence::init_root, {"a"}})));
}

// A container that sees the roots of others may enter one.
TEST_F(OverlayOwnerTest, LetsNoProcessTakeTheRootOfOneThatIsToldToHaveItAndIsThere) {
  add("a", 10, {0, 50}).upperdir = "/upper/50";
  add("b", 11, {0, 50}).upperdir = "/upper/51";
  mount({0, 50}, "/upper/50");
  mount({0, 51}, "/upper/51");
  const auto are_right = UnorderedElementsAre(Pair(Device{0, 50}, OverlayOwner{{"a"}, Evidence::upperdir}),
                                              Pair(Device{0, 51}, OverlayOwner{{"b"}, Evidence::upperdir}));
  EXPECT_THAT(find(), are_right);
  // The first process of "a" has gone to a directory of its root.
  seen_ = roots_;
  roots_["a"] = {};
  EXPECT_THAT(find(), are_right);
  // That of "b" is back, or another container's by now.
  seen_["a"] = {};
  roots_["b"] = {0, 51};
  EXPECT_THAT(find(), are_right);
}

TEST_F(OverlayOwnerTest, GivesWhatTwoAreToldToHaveToTheOneWhoseFirstProcessIsThere) {
  add("a", 10, {0, 51}).upperdir = "/upper/50";
  add("b", 11, {0, 50}).upperdir = "/upper/50/";
  mount({0, 50}, "/upper/50");
  EXPECT_THAT(find(), ElementsAre(Pair(Device{0, 50}, OverlayOwner{{"b"}, Evidence::upperdir, {"a"}})));
  add("c", 12, {0, 50});
  EXPECT_THAT(find(), ElementsAre(Pair(Device{0, 50}, OverlayOwner{{"b"}, Evidence::upperdir, {"a"}})));
}

TEST_F(OverlayOwnerTest, GivesWhatTwoAreToldToHaveToNobodyWhileNoFirstProcessIsThere) {
  add("a", 10, {0, 51}).upperdir = "/upper/50";
  add("b").upperdir = "/upper/50";
  mount({0, 50}, "/upper/50");
  EXPECT_THAT(find(), ElementsAre(Pair(Device{0, 50}, OverlayOwner{{}, Evidence::upperdir, {"a"}})));
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
