// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/util/shared_text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace dropwarden::util {
namespace {

TEST(SharedText, IsThereOnceHoweverManyCopiesThereAre) {
  const SharedText one(std::string(4096, 'x'));
  const SharedText copy = one;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_EQ(copy.view().data(), one.view().data());
  EXPECT_EQ(copy.view(), std::string(4096, 'x'));
}

TEST(SharedText, IsEqualByItsText) {
  EXPECT_EQ(SharedText("rw,lowerdir=/a"), SharedText(std::string("rw,lowerdir=/a")));
  EXPECT_NE(SharedText("rw,lowerdir=/a"), SharedText("rw,lowerdir=/b"));
  EXPECT_EQ(SharedText(""), SharedText());
  EXPECT_EQ(SharedText().view(), "");
}

}  // namespace
}  // namespace dropwarden::util
