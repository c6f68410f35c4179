// SPDX-License-Identifier: Apache-2.0
#include "daemon/own_process.hpp"

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Confinement, IsReadFromTheKernelsText) {
  const auto confinement = parse_confinement(
      "Name:\tdropwarden\nUid:\t0\t60871\t0\t0\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000280004\n"
      "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n");
  ASSERT_TRUE(confinement);
  EXPECT_EQ(confinement->uid, 60871U);
  EXPECT_THAT(confinement->capabilities, ElementsAre("dac_read_search", "sys_ptrace", "sys_admin"));
  EXPECT_TRUE(confinement->has_no_new_privileges);
  EXPECT_EQ(confinement->seccomp, "filter");
}

TEST(Confinement, OfAKernelWithoutSeccompIsOff) {
  const auto confinement = parse_confinement("Uid:\t0\t0\t0\t0\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\n");
  ASSERT_TRUE(confinement);
  EXPECT_THAT(confinement->capabilities, IsEmpty());
  EXPECT_FALSE(confinement->has_no_new_privileges);
  EXPECT_EQ(confinement->seccomp, "off");
}

TEST(Confinement, NamesACapabilityThatTheLibraryDoesNotKnowByItsNumber) {
  const auto confinement = parse_confinement("Uid:\t0\t0\t0\t0\nCapEff:\t8000000000000000\nNoNewPrivs:\t0\n");
  ASSERT_TRUE(confinement);
  EXPECT_THAT(confinement->capabilities, ElementsAre("capability_63"));
}

TEST(Confinement, IsNotMadeUpFromOtherText) {
  EXPECT_FALSE(parse_confinement(""));
  EXPECT_FALSE(parse_confinement("Uid:\tx\nCapEff:\t0\nNoNewPrivs:\t0\n"));
  EXPECT_FALSE(parse_confinement("Uid:\t0\t0\nCapEff:\tzz\nNoNewPrivs:\t0\n"));
}

TEST(OwnProcess, IsReadFromProc) {
  const auto process = read_own_process("monitor", ::getpid());
  ASSERT_TRUE(process.confinement) << process.problem;
  EXPECT_EQ(process.confinement->uid, ::geteuid());
}

TEST(OwnProcess, ThatHasEndedIsNamedWithTheProblem) {
  const auto process = read_own_process("marker", 0x7fffffff);
  EXPECT_FALSE(process.confinement);
  EXPECT_EQ(process.problem, "open(\"/proc/2147483647/status\"): No such file or directory");
}

}  // namespace
}  // namespace dropwarden::daemon
