// SPDX-License-Identifier: Apache-2.0
#include "mount/place_set.hpp"

#include <gtest/gtest.h>

namespace dropwarden::mount {
namespace {

using namespace std::chrono_literals;

constexpr model::Device disk{8, 1};
constexpr model::Device other_disk{8, 2};

TEST(PlaceSet, HoldsWhatLiesBelowAPlaceAndNothingBesideIt) {
  PlaceSet places;
  places.add(disk, "/layers/1/diff", {});
  EXPECT_TRUE(places.contains(disk, "/layers/1/diff"));
  EXPECT_TRUE(places.contains(disk, "/layers/1/diff/usr/bin/x"));
  EXPECT_FALSE(places.contains(disk, "/layers/1/different"));
  EXPECT_FALSE(places.contains(disk, "/layers/1"));
  EXPECT_FALSE(places.contains(disk, "/"));
  EXPECT_FALSE(places.contains(disk, "layers/1/diff"));
  EXPECT_FALSE(places.contains(disk, ""));
  EXPECT_FALSE(places.contains(other_disk, "/layers/1/diff"));
}

TEST(PlaceSet, HoldsAWholeFileSystem) {
  PlaceSet places;
  places.add(disk, "/", {});
  EXPECT_TRUE(places.contains(disk, "/"));
  EXPECT_TRUE(places.contains(disk, "/any/file"));
}

TEST(PlaceSet, ForgetsWhatWasNotSeenForLong) {
  const PlaceSet::Clock::time_point start{};
  PlaceSet places;
  places.add(disk, "/gone", start);
  places.add(disk, "/there", start);
  places.add(disk, "/there", start + 2s);
  places.expire(start + 1s);
  EXPECT_FALSE(places.contains(disk, "/gone"));
  EXPECT_TRUE(places.contains(disk, "/there"));
}

TEST(PlaceSet, HasABound) {
  PlaceSet places;
  for (std::size_t i = 0; i < PlaceSet::max_places; ++i) places.add(disk, "/" + std::to_string(i), {});
  places.add(disk, "/more", {});
  EXPECT_FALSE(places.contains(disk, "/more"));
  EXPECT_TRUE(places.contains(disk, "/0"));
}

TEST(PlaceSet, TakesNoPartsOfAPlaceForPlacesOfTheirOwn) {
  const PlaceSet::Clock::time_point start{};
  PlaceSet places;
  places.add_outermost(disk, "/volume", start);
  for (std::size_t i = 0; i < PlaceSet::max_places; ++i)
    places.add_outermost(disk, "/volume/" + std::to_string(i), start);
  places.add_outermost(disk, "/other", start);
  EXPECT_TRUE(places.contains(disk, "/other")) << "there is room";
  places.add_outermost(disk, "/volume", start + 2s);
  places.expire(start + 1s);
  EXPECT_TRUE(places.contains(disk, "/volume/7"));
  EXPECT_FALSE(places.contains(disk, "/other"));
}

TEST(PathInFileSystem, IsAsTheMountShowsIt) {
  const auto path = [](const char* root, const char* point, std::string_view of) {
    model::Mount mount;
    mount.root = root;
    mount.mount_point = point;
    return path_in_file_system(mount, of).value_or("-");
  };
  EXPECT_EQ(path("/", "/", "/a"), "/a");
  EXPECT_EQ(path("/", "/", "/"), "/");
  EXPECT_EQ(path("/", "/mnt", "/mnt"), "/");
  EXPECT_EQ(path("/@root", "/", "/a"), "/@root/a");
  EXPECT_EQ(path("/sub", "/mnt", "/mnt/a"), "/sub/a");
  EXPECT_EQ(path("/sub", "/mnt", "/mnt"), "/sub");
  EXPECT_EQ(path("/sub", "/mnt", "/mntx"), "-");
}

}  // namespace
}  // namespace dropwarden::mount
