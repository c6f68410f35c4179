// SPDX-License-Identifier: Apache-2.0
#include "monitor/told_findings.hpp"

#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

model::Finding finding(const std::string& id) {
  model::Finding finding;
  finding.id = id;
  return finding;
}

TEST(ToldFindings, ForgetTheOneThatWasUsedLeastRecently) {
  ToldFindings told(2);
  told.add(finding("a"), "rootfs");
  told.add(finding("b"), "rootfs");
  EXPECT_NE(told.find("a"), nullptr);
  told.add(finding("c"), "rootfs");
  EXPECT_EQ(told.find("b"), nullptr);
  EXPECT_NE(told.find("a"), nullptr);
  EXPECT_NE(told.find("c"), nullptr);
}

}  // namespace
}  // namespace dropwarden::monitor
