// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/watch/marks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/file.hpp"
#include "support/temporary_directory.hpp"

namespace dropwarden::watch {
namespace {

using testing::ElementsAre;

TEST(ParseMarks, TakesTheMarksOfFileSystemsAndMounts) {
  const auto marks = parse_marks(
      "pos:\t0\nflags:\t02004002\nmnt_id:\t15\nino:\t1057\n"
      "fanotify flags:2002 event-flags:48800\n"
      "fanotify mnt_id:2a mflags:0 mask:8 ignored_mask:0\n"
      "fanotify sdev:45 mflags:0 mask:8 ignored_mask:0\n"
      "fanotify sdev:fe00001 mflags:0 mask:8 ignored_mask:0\n");
  EXPECT_THAT(marks.file_systems, ElementsAre(model::Device{0, 69}, model::Device{254, 1}));
  EXPECT_THAT(marks.mounts, ElementsAre(model::MountId{42}));
}

TEST(ParseMarks, PassesOverWhatItDoesNotKnow) {
  EXPECT_EQ(parse_marks(""), Marks{});
  EXPECT_EQ(parse_marks("fanotify sdev:"), Marks{});
  EXPECT_EQ(parse_marks("fanotify sdev:xyz mask:8\nfanotify sdev:123456789 mask:8\nfanotify mnt_id: x\n"),
            Marks{});
}

TEST(ReadMostMarks, TakesTheLimitOfTheKernelOrOneThatEachHas) {
  const test::TemporaryDirectory directory;
  const auto file = (directory.path() / "max_user_marks").string();
  EXPECT_EQ(read_most_marks(file), 8192U);
  test::write_file(file, "205039\n");
  EXPECT_EQ(read_most_marks(file), 205'039U);
  test::write_file(file, "many\n");
  EXPECT_EQ(read_most_marks(file), 8192U);
}

}  // namespace
}  // namespace dropwarden::watch
