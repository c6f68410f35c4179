// SPDX-License-Identifier: Apache-2.0
#include "monitor/layer_judge.hpp"

#include <cerrno>
#include <fcntl.h>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/sys/file.hpp"

#include "refusing_privilege.hpp"

namespace dropwarden::monitor {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A host that has some directories, all of them on the mount of `/`.
class SomeDirectories final : public RefusingPrivilege {
 public:
  sys::Result<sys::Fd> open_in_directory(const std::string& directory, const std::string&) override {
    return open_layer(directory);
  }
  sys::Result<sys::Fd> open_layer(const std::string& directory) override {
    ++asked;
    const auto known = errors.find(directory);
    if (known == errors.end()) return std::unexpected(sys::Error{"open", directory, ENOENT});
    if (known->second != 0) return std::unexpected(sys::Error{"open", directory, known->second});
    return sys::open_path("/", O_PATH | O_DIRECTORY);
  }

  std::map<std::string, int> errors;  // 0: it is there
  int asked = 0;
};

class LayerJudgeTest : public testing::Test {
 protected:
  LayerJudgeTest() { set_type("ext4"); }

  // Of the mount of `/`.
  void set_type(const std::string& type) {
    const auto root = sys::value_or_throw(sys::open_path("/", O_PATH | O_DIRECTORY));
    const auto id = sys::value_or_throw(sys::read_mount_id(root.number()));
    judge_.on_table(mount::parse_mountinfo(std::to_string(id) + " 1 8:1 / / rw - " + type +
                                           " /dev/sda1 rw\n90 1 0:50 / /srv rw - fuse.sshfs me rw\n"));
  }
  std::string why_foreign(const model::OverlayLayers& layers) const {
    const char* reason = judge_.judge(layers).reason;
    return reason == nullptr ? "" : reason;
  }
  std::string why_hidden_is_foreign(const model::OverlayLayers& layers) const {
    const char* reason = judge_.judge_hidden(layers).reason;
    return reason == nullptr ? "" : reason;
  }

  SomeDirectories privilege_;
  LayerJudge judge_{privilege_};
};

TEST_F(LayerJudgeTest, FindsNothingInAnOverlayWhoseUpperDirectoryIsOnTheHost) {
  privilege_.errors = {{"/u", 0}};
  EXPECT_THAT(why_foreign({.upperdir = "/u", .workdir = "/w", .lowerdirs = {"/gone"}}), IsEmpty());
  EXPECT_THAT(why_foreign({.upperdir = "/gone", .workdir = "/w", .lowerdirs = {}}), HasSubstr("upper"));
}

TEST_F(LayerJudgeTest, AsksNobodyForALayerOnAFileSystemThatMightNeverAnswer) {
  privilege_.errors = {{"/u", 0}};
  EXPECT_THAT(why_foreign({.upperdir = "/u", .workdir = "/w", .lowerdirs = {"/l", "/srv/l"}}),
              HasSubstr("might never answer"));
  EXPECT_EQ(privilege_.asked, 0);
}

// Its paths may be those of another mount namespace, where a server answers for what the host does not have.
TEST_F(LayerJudgeTest, WantsEachLayerOnTheHostOfWhatIsKnownByAProcessAlone) {
  privilege_.errors = {{"/u", 0}, {"/l", 0}};
  EXPECT_THAT(why_hidden_is_foreign({.upperdir = "/u", .workdir = "/w", .lowerdirs = {"/l"}}), IsEmpty());
  EXPECT_THAT(why_hidden_is_foreign({.upperdir = {}, .workdir = {}, .lowerdirs = {"/l", "/gone"}}),
              HasSubstr("a layer of it is not on this host"));
  EXPECT_THAT(why_hidden_is_foreign({.upperdir = "/u", .workdir = "/w", .lowerdirs = {"/gone"}}),
              HasSubstr("a layer of it is not on this host"));
  EXPECT_THAT(why_hidden_is_foreign({.upperdir = "/gone", .workdir = "/w", .lowerdirs = {"/l"}}),
              HasSubstr("upper"));
}

// A store of images that several users share.
TEST_F(LayerJudgeTest, LeavesALayerOfSomebodyElseToTheMarker) {
  privilege_.errors = {{"/u", 0}, {"/shared", EPERM}, {"/slow", ETIMEDOUT}};
  EXPECT_THAT(why_hidden_is_foreign({.upperdir = "/u", .workdir = "/w", .lowerdirs = {"/shared", "/slow"}}),
              IsEmpty());
}

TEST_F(LayerJudgeTest, KnowsWhatIsNotThereFromWhatCouldNotBeLookedAt) {
  privilege_.errors = {
      {"/u", 0}, {"/busy", EBUSY}, {"/slow", ETIMEDOUT}, {"/refused", EPERM}, {"/file", ENOTDIR}};
  const auto judge = [this](const std::string& upperdir) {
    return judge_.judge({.upperdir = upperdir, .workdir = {}, .lowerdirs = {}});
  };
  for (const char* upper : {"/u", "/file", "/gone"}) EXPECT_TRUE(judge(upper).is_final) << upper;
  for (const char* upper : {"/busy", "/slow", "/refused"}) {
    EXPECT_FALSE(judge(upper).is_final) << upper;
    EXPECT_THAT(judge(upper).reason, HasSubstr("cannot be looked at"));
  }
}

TEST_F(LayerJudgeTest, WantsLayersOfWhatIsKnownByAProcessAloneOnLocalFileSystems) {
  privilege_.errors = {{"/l", 0}};
  for (const char* type : {"nfs4", "proc", "fuse.other"}) {
    set_type(type);
    EXPECT_THAT(why_hidden_is_foreign({.upperdir = {}, .workdir = {}, .lowerdirs = {"/l"}}),
                HasSubstr("might never answer"))
        << type;
  }
}

TEST_F(LayerJudgeTest, KnowsAnUpperDirectoryByWhateverName) {
  privilege_.errors = {{"/u", 0}, {"/link/u", 0}};
  const auto upper_of = [this](const std::string& upperdir) {
    return judge_.judge({.upperdir = upperdir, .workdir = {}, .lowerdirs = {}}).upper;
  };
  ASSERT_TRUE(upper_of("/u"));
  EXPECT_EQ(upper_of("/u"), upper_of("/link/u"));
  EXPECT_FALSE(upper_of(""));
  EXPECT_FALSE(upper_of("/gone"));
}

}  // namespace
}  // namespace dropwarden::monitor
