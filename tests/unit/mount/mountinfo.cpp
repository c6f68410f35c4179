// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"

namespace dropwarden::mount {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(ParseMountinfo, TakesEveryFieldOfALine) {
  std::size_t malformed = 99;
  const auto mounts = parse_mountinfo(
      "36 35 98:1048575 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue\n",
      &malformed);
  ASSERT_THAT(mounts, SizeIs(1));
  EXPECT_EQ(malformed, 0U);
  EXPECT_EQ(mounts[0].id.value, 36U);
  EXPECT_EQ(mounts[0].parent.value, 35U);
  EXPECT_EQ(mounts[0].device, (model::Device{98, 1048575}));
  EXPECT_EQ(mounts[0].root, "/mnt1");
  EXPECT_EQ(mounts[0].mount_point, "/mnt2");
  EXPECT_EQ(mounts[0].options, "rw,noatime");
  EXPECT_THAT(mounts[0].tags, ElementsAre("master:1", "shared:7"));
  EXPECT_EQ(mounts[0].file_system, "ext3");
  EXPECT_EQ(mounts[0].source, "/dev/root");
  EXPECT_EQ(mounts[0].super_options, "rw,errors=continue");
}

TEST(ParseMountinfo, NeedsNoTagsAndNoSource) {
  const auto mounts = parse_mountinfo("22 27 0:21 / /proc rw - proc  rw\n");
  ASSERT_THAT(mounts, SizeIs(1));
  EXPECT_THAT(mounts[0].tags, IsEmpty());
  EXPECT_EQ(mounts[0].source, "");
  EXPECT_EQ(mounts[0].super_options, "rw");
}

TEST(ParseMountinfo, UndoesTheEscapesOfTheKernelButLeavesThoseOfTheOptions) {
  const auto mounts =
      parse_mountinfo(R"(1 0 0:9 /a\040b /tab\011new\012line\134end rw - overlay s\043 rw,lowerdir=/x\040y)"
                      "\n");
  ASSERT_THAT(mounts, SizeIs(1));
  EXPECT_EQ(mounts[0].root, "/a b");
  EXPECT_EQ(mounts[0].mount_point, "/tab\tnew\nline\\end");
  EXPECT_EQ(mounts[0].source, "s#");
  EXPECT_EQ(mounts[0].super_options, R"(rw,lowerdir=/x\040y)");
}

TEST(ParseMountinfo, KeepsABackslashThatBeginsNoEscape) {
  const auto mounts = parse_mountinfo(R"(1 0 0:9 / /a\9\40\777\04 rw - tmpfs t rw)"
                                      "\n");
  ASSERT_THAT(mounts, SizeIs(1));
  EXPECT_EQ(mounts[0].mount_point, R"(/a\9\40\777\04)");
}

TEST(ParseMountinfo, ReadsALineOfAHundredLayersWhole) {
  std::string lower;
  for (int i = 102; i > 0; --i) lower += ":l/ABCDEFGHIJKLMNOPQRSTUVWXY" + std::to_string(i % 10);
  const auto mounts =
      parse_mountinfo("9 1 0:70 / /d/1/merged rw - overlay overlay rw,lowerdir=" + lower.substr(1) + "\n");
  ASSERT_THAT(mounts, SizeIs(1));
  EXPECT_THAT(parse_overlay_layers(mounts[0])->lowerdirs, SizeIs(102));
}

TEST(ParseMountinfo, PassesOverWhatIsNoLineAndCountsIt) {
  for (const std::string bad : {
           "x",
           "1 2 0:3",
           "1 2 03 / /a rw - tmpfs t rw",
           "1 2 0:3:4 / /a rw - tmpfs t rw",
           "-1 2 0:3 / /a rw - tmpfs t rw",
           "1  0:3 / /a rw - tmpfs t rw",
           "1 2 0:3 / /a rw shared:1 tmpfs t rw",
           "1 2 0:3 / /a rw -",
           "1 2 0:3   rw - tmpfs t rw",
           "99999999999999999999 2 0:3 / /a rw - tmpfs t rw",
       }) {
    std::size_t malformed = 0;
    const auto mounts = parse_mountinfo(
        "5 1 0:1 / /first rw - tmpfs t rw\n" + bad + "\n6 1 0:1 / /last rw - tmpfs t rw\n", &malformed);
    EXPECT_THAT(mounts, SizeIs(2)) << bad;
    EXPECT_EQ(malformed, 1U) << bad;
  }
}

TEST(ParseMountinfo, SurvivesBytesOfAllKinds) {
  std::minstd_rand random(20260101);
  constexpr std::string_view alphabet =
      "0123456789 /:-\\,=\nrw\0\xff"
      "lowerdir+upper";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? "1 0 0:9 / /m rw - overlay o " : "";
    for (auto length = random() % 80; length > 0; --length) text += alphabet[random() % alphabet.size()];
    for (const auto& mount : parse_mountinfo(text)) {
      EXPECT_FALSE(mount.mount_point.empty());
      const auto layers = parse_overlay_layers(mount);
      EXPECT_EQ(layers.has_value(), mount.file_system == "overlay");
    }
  }
}

}  // namespace
}  // namespace dropwarden::mount
