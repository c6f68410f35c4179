// SPDX-License-Identifier: Apache-2.0
#include "mount/approved_objects.hpp"

#include <gtest/gtest.h>

namespace dropwarden::mount {
namespace {

ObjectKey object(std::uint64_t inode) {
  return {.mount_id = 7, .device = {8, 1}, .inode = inode};
}

TEST(ApprovedObjects, AreTheVeryOnes) {
  ApprovedObjects approved(4);
  approved.add(object(1));
  EXPECT_TRUE(approved.contains(object(1)));
  EXPECT_FALSE(approved.contains(object(2)));
  EXPECT_FALSE(approved.contains({.mount_id = 8, .device = {8, 1}, .inode = 1})) << "through another mount";
  EXPECT_FALSE(approved.contains({.mount_id = 7, .device = {8, 2}, .inode = 1})) << "on another file system";
}

TEST(ApprovedObjects, AreForgottenWhenManyHaveComeSince) {
  ApprovedObjects approved(4);
  for (std::uint64_t i = 0; i < 100; ++i) approved.add(object(i));
  EXPECT_FALSE(approved.contains(object(80)));
  for (std::uint64_t i = 96; i < 100; ++i) EXPECT_TRUE(approved.contains(object(i))) << i;
}

TEST(ApprovedObjects, AreKeptWhileTheyAreAskedFor) {
  ApprovedObjects approved(4);
  approved.add(object(1000));
  for (std::uint64_t i = 0; i < 100; ++i) {
    approved.add(object(i));
    ASSERT_TRUE(approved.contains(object(1000))) << i;
  }
}

}  // namespace
}  // namespace dropwarden::mount
