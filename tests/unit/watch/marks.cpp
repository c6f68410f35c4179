// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/marks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dropwarden::watch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ParseMarkedDevices, TakesTheMarksOfFileSystems) {
  EXPECT_THAT(parse_marked_devices("pos:\t0\nflags:\t02004002\nmnt_id:\t15\nino:\t1057\n"
                                   "fanotify flags:2002 event-flags:48800\n"
                                   "fanotify mnt_id:2a mflags:440 mask:0 ignored_mask:8\n"
                                   "fanotify sdev:45 mflags:0 mask:8 ignored_mask:0\n"
                                   "fanotify sdev:fe00001 mflags:0 mask:8 ignored_mask:0\n"),
              ElementsAre(model::Device{0, 69}, model::Device{254, 1}));
}

TEST(ParseMarkedDevices, PassesOverWhatItDoesNotKnow) {
  EXPECT_THAT(parse_marked_devices(""), IsEmpty());
  EXPECT_THAT(parse_marked_devices("fanotify sdev:"), IsEmpty());
  EXPECT_THAT(parse_marked_devices("fanotify sdev:xyz mask:8\nfanotify sdev:123456789 mask:8\n"), IsEmpty());
}

}  // namespace
}  // namespace dropwarden::watch
