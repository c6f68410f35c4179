// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::watch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Target target(std::uint32_t minor, std::string mount_point, std::int32_t init = 0) {
  return {.device = {0, minor}, .mount_point = std::move(mount_point), .init = {init}};
}

TEST(PlanMarks, MarksWhatIsWantedAndForgetsWhatIsNot) {
  const auto plan = plan_marks({target(3, "/c"), target(1, "/a")}, {{0, 2}, {0, 1}, {0, 4}});
  EXPECT_THAT(plan.to_mark, ElementsAre(target(3, "/c")));
  EXPECT_THAT(plan.to_forget, ElementsAre(model::Device{0, 2}, model::Device{0, 4}));
}

TEST(PlanMarks, HasNothingToDoTwice) {
  const auto plan = plan_marks({target(1, "/a"), target(1, "/bind")}, {{0, 1}, {0, 1}});
  EXPECT_THAT(plan.to_mark, IsEmpty());
  EXPECT_THAT(plan.to_forget, IsEmpty());
}

TEST(PlanMarks, MarksASuperblockOnce) {
  const auto plan = plan_marks({target(1, "/a"), target(2, "/b"), target(1, "/bind")}, {});
  EXPECT_THAT(plan.to_mark, ElementsAre(target(1, "/a"), target(2, "/b")));
}

TEST(PlanMarks, PrefersAMountPointToAProcess) {
  const auto plan =
      plan_marks({target(1, "", 10), target(1, "", 11), target(1, "/a"), target(2, "", 12)}, {});
  EXPECT_THAT(plan.to_mark, ElementsAre(target(1, "/a"), target(2, "", 12)));
}

TEST(PlanMarks, ForgetsEachOnce) {
  EXPECT_THAT(plan_marks({}, {{0, 1}, {0, 1}}).to_forget, ElementsAre(model::Device{0, 1}));
}

}  // namespace
}  // namespace dropwarden::watch
