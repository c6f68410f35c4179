// SPDX-License-Identifier: Apache-2.0
#include "mount/place_set.hpp"

#include <gtest/gtest.h>

namespace dropwarden::mount {
namespace {

using namespace std::chrono_literals;

constexpr model::Device disk{8, 1};
constexpr model::Device other_disk{8, 2};
constexpr Teller user_a{.kind = Teller::Kind::user, .number = 1000};
constexpr Teller user_b{.kind = Teller::Kind::user, .number = 1001};

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

// As many as `count` places below `top`.
void fill(PlaceSet& places, const std::string& top, std::size_t count, const Teller& teller,
          PlaceSet::Clock::time_point now = {}) {
  for (std::size_t i = 0; i < count; ++i) places.add(disk, top + std::to_string(i), now, teller);
}

TEST(PlaceSet, HasAShareForEachUserAndTakesAllOfTheHosts) {
  PlaceSet places;
  fill(places, "/a", Shares::share + 1, user_a);
  EXPECT_TRUE(places.contains(disk, "/a0"));
  EXPECT_FALSE(places.contains(disk, "/a" + std::to_string(Shares::share)));
  places.add(disk, "/b", {}, user_b);
  EXPECT_TRUE(places.contains(disk, "/b"));
  fill(places, "/own", Shares::most + 1, {.kind = Teller::Kind::own_users});
  EXPECT_FALSE(places.contains(disk, "/own" + std::to_string(Shares::most)));
  fill(places, "/host", Shares::most + 1, {});
  EXPECT_TRUE(places.contains(disk, "/host" + std::to_string(Shares::most)));
}

TEST(PlaceSet, HasABoundForAllUsersTogetherThatLeavesTheOthersTheirs) {
  PlaceSet places;
  for (std::uint64_t user = 0; user < Shares::most / Shares::share; ++user)
    fill(places, "/" + std::to_string(user) + "-", Shares::share,
         {.kind = Teller::Kind::user, .number = 100'000 + user});
  places.add(disk, "/a", {}, user_a);
  EXPECT_FALSE(places.contains(disk, "/a"));
  places.add(disk, "/own", {}, {.kind = Teller::Kind::own_users});
  places.add(disk, "/host", {});
  EXPECT_TRUE(places.contains(disk, "/own"));
  EXPECT_TRUE(places.contains(disk, "/host"));
}

TEST(PlaceSet, GivesAShareBackWithWhatItForgets) {
  PlaceSet places;
  fill(places, "/a", Shares::share, user_a);
  places.expire(PlaceSet::Clock::time_point{} + 1s);
  fill(places, "/again", Shares::share, user_a);
  EXPECT_TRUE(places.contains(disk, "/again" + std::to_string(Shares::share - 1)));
}

TEST(PlaceSet, TakesNoPartsOfAPlaceForPlacesOfTheirOwn) {
  const PlaceSet::Clock::time_point start{};
  PlaceSet places;
  EXPECT_TRUE(places.add_outermost(disk, "/volume", start, user_a));
  for (std::size_t i = 0; i < Shares::share; ++i)
    EXPECT_FALSE(places.add_outermost(disk, "/volume/" + std::to_string(i), start, user_a));
  EXPECT_TRUE(places.add_outermost(disk, "/other", start, user_a));
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
