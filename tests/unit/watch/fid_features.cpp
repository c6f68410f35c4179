// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/fid_features.hpp"

#include <cerrno>

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

TEST(ProbeFidFeatures, FindsEachFlagByTryingIt) {
  constexpr unsigned names = FAN_REPORT_FID | FAN_REPORT_DFID_NAME;
  for (const unsigned known :
       {0U, unsigned{FAN_REPORT_FID}, names, names | sys::fanotify_abi::report_target_fid}) {
    const auto features = probe_fid_features(kernel_with(known));
    ASSERT_TRUE(features.has_value());
    EXPECT_EQ(features->has_names, (known & names) == names) << known;
    EXPECT_EQ(features->has_target_fid, (known & sys::fanotify_abi::report_target_fid) != 0) << known;
  }
}

TEST(ProbeFidFeatures, FailsWhereNoGroupCanBeOpened) {
  const auto features = probe_fid_features([](unsigned, unsigned) -> sys::Result<sys::Fd> {
    return std::unexpected(sys::Error{"fanotify_init", "", EMFILE});
  });
  ASSERT_FALSE(features.has_value());
  EXPECT_EQ(features.error().number, EMFILE);
}

TEST(FidMasks, AskForNoEventOfANewFile) {
  EXPECT_EQ((names_mask() | writes_mask()) & FAN_CREATE, 0U);
  EXPECT_EQ(names_mask() & FAN_CLOSE_WRITE, 0U);
}

}  // namespace
}  // namespace dropwarden::watch
