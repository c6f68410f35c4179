// SPDX-License-Identifier: Apache-2.0
#include "monitor/tree_scan.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

// Else `dropwarden status` calls it desynced since 1970.
TEST(TreeScan, SaysWhenItCouldNotBegin) {
  const auto privilege = privilege::make_direct();
  WatchedMount gone;
  gone.type = "overlay";
  gone.layers.upperdir = "/nonexistent/upper";
  TreeScan scan(*privilege, MountTree(*privilege, gone, {}, std::make_shared<const layer::ReadableMounts>()),
                {}, {});
  HandedOn handed_on;
  EXPECT_FALSE(scan.step({}, handed_on, [](const layer::ScannedFile&, const Located&) {}));
  EXPECT_FALSE(scan.is_complete());
  EXPECT_NE(scan.totals().started, util::WallTime{});
}

}  // namespace
}  // namespace dropwarden::monitor
