// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/sys/pidfd.hpp"

#include <cerrno>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace dropwarden::sys {
namespace {

TEST(Pidfd, TellsALivingProcessAZombieAndOneThatIsGoneApart) {
  const pid_t child = ::fork();
  if (child == 0) {
    while (true) ::pause();
  }
  ASSERT_GT(child, 0);
  const auto living = open_pidfd(child);
  ASSERT_TRUE(living.has_value()) << living.error().text();
  EXPECT_EQ(has_exited(living->number()), false);

  ::kill(child, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(has_exited(living->number()), true);
  EXPECT_TRUE(open_pidfd(child).has_value()) << "a zombie opens";

  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(has_exited(living->number()), true);
  const auto gone = open_pidfd(child);
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().number, ESRCH);
}

TEST(Pidfd, DuplicatesWhatIsOpenInTheProcess) {
  const auto own = open_pidfd(::getpid());
  ASSERT_TRUE(own);
  const auto duplicate = duplicate_from(own->number(), own->number());
  ASSERT_TRUE(duplicate) << duplicate.error().text();
  EXPECT_NE(duplicate->number(), own->number());
  EXPECT_EQ(has_exited(duplicate->number()), false);
  EXPECT_EQ(duplicate_from(own->number(), -1).error().number, EBADF);
}

}  // namespace
}  // namespace dropwarden::sys
