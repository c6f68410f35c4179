// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"

namespace dropwarden::mount {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

model::Mount make(std::uint64_t id, std::uint32_t minor, std::string mount_point) {
  model::Mount mount;
  mount.id = {id};
  mount.device = {0, minor};
  mount.mount_point = std::move(mount_point);
  return mount;
}

TEST(CompareTables, TellsWhatAppearedAndWhatVanishedInTheOrderOfTheTables) {
  const auto stays = make(1, 1, "/");
  const auto went = make(9, 9, "/went");
  const auto came = make(8, 8, "/came");
  const auto came_too = make(2, 2, "/came-too");
  const auto change = compare_tables({went, stays}, {stays, came, came_too});
  EXPECT_THAT(change.appeared, ElementsAre(came, came_too));
  EXPECT_THAT(change.vanished, ElementsAre(went));
}

TEST(CompareTables, TakesAReusedIdForAnotherMount) {
  const auto before = make(5, 40, "/a");
  for (const auto& after : {make(5, 41, "/a"), make(5, 40, "/b"), make(6, 40, "/a")}) {
    const auto change = compare_tables({before}, {after});
    EXPECT_THAT(change.appeared, ElementsAre(after));
    EXPECT_THAT(change.vanished, ElementsAre(before));
  }
}

TEST(CompareTables, FindsNoChangeInOptionsOrOrder) {
  auto remounted = make(1, 1, "/");
  remounted.options = "ro";
  const auto change = compare_tables({make(1, 1, "/"), make(2, 2, "/b")}, {make(2, 2, "/b"), remounted});
  EXPECT_THAT(change.appeared, IsEmpty());
  EXPECT_THAT(change.vanished, IsEmpty());
}

}  // namespace
}  // namespace dropwarden::mount
