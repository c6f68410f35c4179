// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/features.hpp"

#include <cerrno>
#include <fcntl.h>

#include <gtest/gtest.h>

#include "dropwarden/sys/fanotify_abi.hpp"

namespace dropwarden::watch {
namespace {

// A kernel that knows the old flags and `known`.
OpenGroup kernel_with(unsigned known) {
  return [known](unsigned flags, unsigned) -> sys::Result<sys::Fd> {
    constexpr unsigned old = FAN_CLOEXEC | FAN_NONBLOCK | FAN_CLASS_NOTIF | FAN_UNLIMITED_MARKS;
    if ((flags & ~(old | known)) != 0) return std::unexpected(sys::Error{"fanotify_init", "", EINVAL});
    return sys::Fd{};
  };
}

TEST(ProbeFeatures, FindsEachFlagByTryingIt) {
  using sys::fanotify_abi::report_fd_error;
  using sys::fanotify_abi::report_mount;
  for (const unsigned known : {0U, report_fd_error, report_mount, report_fd_error | report_mount}) {
    const auto features = probe_features(kernel_with(known));
    ASSERT_TRUE(features.has_value());
    EXPECT_EQ(features->has_fd_error, (known & report_fd_error) != 0);
    EXPECT_EQ(features->has_mount_events, (known & report_mount) != 0);
  }
}

TEST(ProbeFeatures, FailsWhereNoGroupCanBeOpened) {
  for (const int error : {EPERM, ENOSYS, EINVAL, EMFILE}) {
    const auto features = probe_features([error](unsigned, unsigned) -> sys::Result<sys::Fd> {
      return std::unexpected(sys::Error{"fanotify_init", "", error});
    });
    ASSERT_FALSE(features.has_value());
    EXPECT_EQ(features.error().number, error);
  }
}

TEST(ProbeFeatures, DoesNotTakeAFailureOfAnotherKindForAMissingFlag) {
  int calls = 0;
  const auto features = probe_features([&](unsigned, unsigned) -> sys::Result<sys::Fd> {
    if (++calls == 1) return sys::Fd{};
    return std::unexpected(sys::Error{"fanotify_init", "", EMFILE});
  });
  ASSERT_FALSE(features.has_value());
  EXPECT_EQ(features.error().number, EMFILE);
}

TEST(GroupFlags, BoundTheQueueAndNeverBlock) {
  for (const bool has_fd_error : {false, true}) {
    const unsigned flags = group_flags({.has_fd_error = has_fd_error});
    EXPECT_EQ(flags & FAN_UNLIMITED_QUEUE, 0U);
    EXPECT_NE(flags & FAN_UNLIMITED_MARKS, 0U);
    EXPECT_NE(flags & FAN_NONBLOCK, 0U);
    EXPECT_EQ((flags & sys::fanotify_abi::report_fd_error) != 0, has_fd_error);
  }
  EXPECT_NE(group_event_flags() & O_NONBLOCK, 0U);
  EXPECT_EQ(group_event_flags() & O_ACCMODE, unsigned{O_RDONLY});
}

}  // namespace
}  // namespace dropwarden::watch
