// SPDX-License-Identifier: Apache-2.0
#include "monitor/mark_budget.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using Verdict = MarkBudget::Verdict;

constexpr MarkBudget::Limits small{.of_container = 4, .nested = 2, .of_all = 6};

model::MountId mount(std::uint64_t id) {
  return {id};
}

TEST(MarkBudget, IsOneForAllNamespacesOfAContainer) {
  MarkBudget budget(small);
  EXPECT_EQ(budget.take(mount(1), "c", true), Verdict::granted);
  EXPECT_EQ(budget.take(mount(2), "c", true), Verdict::granted);
  EXPECT_EQ(budget.take(mount(3), "c", true), Verdict::beyond_container) << "the rest is its first process's";
  EXPECT_EQ(budget.take(mount(4), "c", false), Verdict::granted);
  EXPECT_EQ(budget.take(mount(5), "c", false), Verdict::granted);
  EXPECT_EQ(budget.take(mount(6), "c", false), Verdict::beyond_container);
  EXPECT_EQ(budget.take(mount(7), "other", false), Verdict::granted);
}

TEST(MarkBudget, IsOfAFirstProcessBeforeOthers) {
  MarkBudget budget(small);
  for (std::uint64_t id = 1; id <= 4; ++id) EXPECT_EQ(budget.take(mount(id), "c", false), Verdict::granted);
  EXPECT_EQ(budget.take(mount(5), "c", true), Verdict::beyond_container);
}

TEST(MarkBudget, CountsASuperblockOnceWhoeverHasIt) {
  MarkBudget budget(small);
  const model::Device device{0, 4};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(budget.take(device, "c", false), Verdict::granted);
  EXPECT_EQ(budget.take(device, "other", true), Verdict::granted);
  for (std::uint64_t id = 1; id <= 3; ++id) EXPECT_EQ(budget.take(mount(id), "c", false), Verdict::granted);
  EXPECT_EQ(budget.take(mount(4), "c", false), Verdict::beyond_container) << "a mount of the same number";
}

TEST(MarkBudget, HasALimitForAllContainers) {
  MarkBudget budget(small);
  for (std::uint64_t id = 1; id <= 3; ++id) budget.take(mount(id), "c", false);
  for (std::uint64_t id = 4; id <= 6; ++id) EXPECT_EQ(budget.take(mount(id), "d", false), Verdict::granted);
  EXPECT_EQ(budget.take(mount(7), "e", false), Verdict::beyond_all);
  EXPECT_EQ(budget.take(mount(6), "e", false), Verdict::granted) << "it is marked";
}

TEST(MarkBudget, HasAgainWhatWentByItself) {
  MarkBudget budget(small);
  for (std::uint64_t id = 1; id <= 4; ++id) budget.take(mount(id), "c", id <= 2);
  budget.set_marked({.file_systems = {}, .mounts = {{1}, {3}, {99}}});
  EXPECT_TRUE(budget.is_marked(mount(1)));
  EXPECT_FALSE(budget.is_marked(mount(2)));
  EXPECT_FALSE(budget.is_marked(model::Device{0, 1}));
  EXPECT_EQ(budget.take(mount(5), "c", true), Verdict::granted);
  EXPECT_EQ(budget.take(mount(6), "c", true), Verdict::beyond_container);
  EXPECT_EQ(budget.take(mount(6), "c", false), Verdict::granted);
  EXPECT_EQ(budget.take(mount(7), "c", false), Verdict::beyond_container);
  budget.set_marked({});
  for (std::uint64_t id = 1; id <= 4; ++id) EXPECT_EQ(budget.take(mount(id), "c", false), Verdict::granted);
}

TEST(MarkBudget, LeavesHalfOfAllMarksToOthers) {
  EXPECT_EQ(MarkBudget::within(8192).of_all, 4096U);
  EXPECT_EQ(MarkBudget::within(8192).of_container, 256U);
}

}  // namespace
}  // namespace dropwarden::monitor
