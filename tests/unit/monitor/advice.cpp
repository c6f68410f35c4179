// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/monitor/advice.hpp"

#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::monitor {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(Advice, SaysWhichCapabilityTheKernelWants) {
  EXPECT_THAT(explain({.call = "fanotify_init", .object = "", .number = EPERM}),
              HasSubstr("needs CAP_SYS_ADMIN:"));
  EXPECT_THAT(explain({.call = "openat2", .object = "/proc/1/root", .number = EACCES}),
              EndsWith("(needs CAP_SYS_PTRACE, and under AppArmor an unconfined profile)"));
}

// No capability helps there: the kernel refused nothing.
TEST(Advice, AsksForAnotherDirectoryWhereOthersMayChangeThatOfTheSocket) {
  const auto text =
      explain({.call = "control socket's directory is not private", .object = "/srv/all", .number = EPERM});
  EXPECT_THAT(text, HasSubstr("/srv/all"));
  EXPECT_THAT(text, HasSubstr("set control.socket"));
  EXPECT_THAT(text, Not(HasSubstr("CAP_")));
}

TEST(Advice, IsLeftOutWhereNothingIsKnownToHelp) {
  EXPECT_THAT(explain({.call = "read", .object = "/x", .number = EIO}), EndsWith("Input/output error"));
}

}  // namespace
}  // namespace dropwarden::monitor
