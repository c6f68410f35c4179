// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/mount/coverage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"

namespace dropwarden::mount {
namespace {

using testing::HasSubstr;

constexpr const char* host_text =
    "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "21 20 0:20 / /dev/shm rw shared:2 - tmpfs tmpfs rw\n"
    "22 20 0:50 / /run/k8s/io.containerd.runtime.v2.task/k8s.io/c/rootfs rw - overlay overlay rw\n"
    "23 20 0:51 / /run/containerd/io.containerd.grpc.v1.cri/sandboxes/p/shm rw - tmpfs shm rw\n"
    "24 20 0:52 / /var/lib/kubelet/pods/u/volumes/kubernetes.io~empty-dir/cache rw - tmpfs tmpfs rw\n";
// What comes after the root in a container's table.
constexpr const char* root_text =
    "100 99 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n";

class JudgeMounts : public testing::Test {
 protected:
  std::vector<JudgedMount> judge(const std::string& text, const JudgeOptions& options = {}) {
    return judge_mounts(parse_mountinfo(root_text + text), host, options).value();
  }
  JudgedMount judge_one(const std::string& text, const JudgeOptions& options = {}) {
    const auto judged = judge(text, options);
    EXPECT_EQ(judged.size(), 1U);
    return judged.at(0);
  }

  HostMounts host{parse_mountinfo(host_text)};
};

TEST_F(JudgeMounts, MarksAVolumeByItsMount) {
  const auto judged = judge_one("101 100 8:1 /srv/data /data rw,relatime - ext4 /dev/sda1 rw\n");
  EXPECT_EQ(judged.place, model::Place::volume);
  EXPECT_EQ(judged.coverage, Coverage::mount);
  EXPECT_EQ(judged.reason, "");
}

TEST_F(JudgeMounts, MarksTheMemoryOfContainersAsAWhole) {
  for (const char* device : {"0:70", "0:51", "0:52"}) {
    const auto judged = judge_one("101 100 " + std::string(device) + " / /dev/shm rw - tmpfs shm rw\n");
    EXPECT_EQ(judged.place, model::Place::tmpfs);
    EXPECT_EQ(judged.coverage, Coverage::file_system) << device;
  }
}

TEST_F(JudgeMounts, MarksTheMemoryOfTheHostByTheMountThatTheContainerHas) {
  const auto judged = judge_one("101 100 0:20 / /dev/shm rw - tmpfs tmpfs rw\n");
  EXPECT_EQ(judged.place, model::Place::tmpfs);
  EXPECT_EQ(judged.coverage, Coverage::mount);
}

TEST_F(JudgeMounts, KnowsATableThatHasTheHostsRootStill) {
  EXPECT_TRUE(has_host_root(parse_mountinfo(std::string(host_text) + root_text), host));
  EXPECT_TRUE(has_host_root(parse_mountinfo(host_text), host));
  EXPECT_FALSE(has_host_root(parse_mountinfo(root_text), host));
}

TEST_F(JudgeMounts, TrustsNoTableOfAProcessThatIsStillOnTheHostsRoot) {
  EXPECT_FALSE(judge_mounts(parse_mountinfo(host_text), host));
  const std::string before_the_old_root_is_gone =
      std::string(root_text) + "98 99 8:1 / / rw - ext4 /dev/sda1 rw\n";
  EXPECT_FALSE(judge_mounts(parse_mountinfo(before_the_old_root_is_gone), host));
  EXPECT_FALSE(judge_mounts({}, host));
}

TEST_F(JudgeMounts, MarksARootThatIsADirectoryOfTheHost) {
  const auto table = parse_mountinfo("100 99 8:1 /var/lib/native/7/fs / rw - ext4 /dev/sda1 rw\n");
  const auto judged = judge_mounts(table, host).value();
  ASSERT_EQ(judged.size(), 1U);
  EXPECT_EQ(judged[0].place, model::Place::rootfs);
  EXPECT_EQ(judged[0].coverage, Coverage::mount);
}

TEST_F(JudgeMounts, SaysWhyAMountIsNotWatched) {
  const std::pair<const char*, const char*> cases[]{
      {"101 100 0:60 / /proc rw - proc proc rw\n", "pseudo file system"},
      {"101 100 0:60 / /data rw - nfs4 server:/x rw\n", "network file system"},
      {"101 100 0:60 / /data rw - fuse.sshfs x rw\n", "FUSE"},
      {"101 100 0:60 / /data rw - virtiofs x rw\n", "network file system"},
      {"101 100 0:60 / /data rw - newfs x rw\n", "not one of the file systems"},
      {"101 100 8:1 /x /data ro,relatime - ext4 /dev/sda1 rw\n", "read-only"},
      {"101 100 0:60 / /data rw - tmpfs x ro\n", "read-only"},
      {"101 100 0:61 / /nested rw - overlay overlay rw\n", "the container mounted itself"},
  };
  for (const auto& [text, reason] : cases) {
    const auto judged = judge_one(text);
    EXPECT_EQ(judged.coverage, Coverage::none) << text;
    EXPECT_THAT(judged.reason, HasSubstr(reason)) << text;
  }
}

// In a mount namespace that it made, to which it has moved the root as well (pivot_root(2)).
TEST_F(JudgeMounts, NamesAnOverlayThatIsTheRootOfAnotherNamespaceOfTheContainer) {
  const auto table = parse_mountinfo(
      "200 199 0:61 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n"
      "201 200 0:61 /in /in rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n");
  for (const auto& container_root : {std::optional<model::Device>({0, 60}), std::optional<model::Device>()}) {
    const auto judged = judge_nested_mounts(table, host, container_root).value();
    ASSERT_EQ(judged.size(), 2U);
    for (const JudgedMount& mount : judged) {
      EXPECT_EQ(mount.coverage, Coverage::none);
      EXPECT_THAT(mount.reason, HasSubstr("the container mounted itself"));
    }
    EXPECT_EQ(judged[0].place, model::Place::rootfs);
  }
}

TEST_F(JudgeMounts, LeavesOutTheRootThatAnotherNamespaceHasOfItsContainerOrOfAnother) {
  const auto own = parse_mountinfo("200 199 0:60 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n");
  EXPECT_TRUE(judge_nested_mounts(own, host, model::Device{0, 60}).value().empty());
  const auto shown_by_host = parse_mountinfo("200 199 0:50 / / rw - overlay overlay rw,lowerdir=/l\n");
  EXPECT_TRUE(judge_nested_mounts(shown_by_host, host, model::Device{0, 60}).value().empty());
  EXPECT_FALSE(judge_nested_mounts(parse_mountinfo(host_text), host, model::Device{0, 60}));
}

TEST_F(JudgeMounts, ReachesNothingThroughAFileSystemThatMightNeverAnswer) {
  const auto judged = judge("101 100 0:60 / /fuse rw - fuse x rw\n102 101 0:61 / /fuse/in rw - tmpfs x rw\n");
  EXPECT_THAT(judged.at(1).reason, HasSubstr("/fuse (fuse)"));
}

// As one could be that was changed while it was read.
TEST_F(JudgeMounts, EndsInATableThatRunsInACircle) {
  const auto judged = judge("101 102 8:1 /x /x rw - ext4 x rw\n102 101 8:1 /y /y rw - ext4 x rw\n");
  EXPECT_EQ(judged.size(), 2U);
}

TEST_F(JudgeMounts, ReachesNothingThatAFileSystemThatMightNeverAnswerHides) {
  // Over a directory above the mount point, of which somebody had hold: a sibling in the tree of mounts.
  const auto hidden = judge("101 100 0:61 / /a/b rw - tmpfs x rw\n102 100 0:60 / /a rw - fuse x rw\n");
  EXPECT_EQ(hidden.at(0).coverage, Coverage::none);
  // Over the directory of a parent.
  const auto deeper = judge(
      "101 100 0:61 / /a/b rw - tmpfs x rw\n102 101 0:62 / /a/b/c/d rw - tmpfs x rw\n"
      "103 100 0:60 / /a rw - fuse x rw\n");
  EXPECT_EQ(deeper.at(0).coverage, Coverage::none);
  EXPECT_EQ(deeper.at(1).coverage, Coverage::none);
  // Under a second root, where it is not known which of the two the process has.
  const auto second = judge(
      "101 100 0:61 / /a/b rw - tmpfs x rw\n102 100 0:62 / / rw - tmpfs x rw\n103 102 0:60 / /a rw - fuse x "
      "rw\n");
  EXPECT_EQ(second.at(1).coverage, Coverage::none);
  // However deep.
  std::string text = "1000 100 0:60 / /a rw - fuse x rw\n";
  std::string path = "/a";
  for (int i = 1; i <= 100; ++i) {
    path += "/b";
    text +=
        std::to_string(1000 + i) + " " + std::to_string(999 + i) + " 0:61 / " + path + " rw - tmpfs x rw\n";
  }
  EXPECT_EQ(judge(text).at(100).coverage, Coverage::none);
}

TEST_F(JudgeMounts, KnowsAMountThatIsHiddenByOneOverADirectoryAboveIt) {
  const auto judged = judge("101 100 8:1 /x /a/b rw - ext4 x rw\n102 100 8:1 /y /a rw - ext4 x rw\n");
  EXPECT_THAT(judged.at(0).reason, HasSubstr("lies over it"));
  EXPECT_EQ(judged.at(1).coverage, Coverage::mount);
}

TEST_F(JudgeMounts, TakesNoNameForADirectoryAbove) {
  const auto judged = judge(
      "101 100 8:1 /x /a-b/c rw - ext4 x rw\n102 100 8:1 /y /ab rw - ext4 x rw\n103 100 0:60 / /a rw - fuse "
      "x "
      "rw\n104 100 8:1 /z /b/a rw - ext4 x rw\n105 100 8:1 /v /b/b rw - ext4 x rw\n");
  for (const std::size_t at : {0, 1, 3, 4}) EXPECT_EQ(judged.at(at).reason, "") << at;
}

TEST_F(JudgeMounts, KnowsAMountThatAnotherLiesOver) {
  const auto judged = judge("101 100 8:1 /x /data rw - ext4 x rw\n102 101 8:1 /y /data rw - ext4 x rw\n");
  EXPECT_THAT(judged.at(0).reason, HasSubstr("lies over it"));
  EXPECT_EQ(judged.at(1).coverage, Coverage::mount);
}

TEST_F(JudgeMounts, LeavesOutWhatIsNotWanted) {
  const std::string volume = "101 100 8:1 /x /data rw - ext4 x rw\n";
  const std::string memory = "101 100 0:70 / /dev/shm rw - tmpfs shm rw\n";
  EXPECT_EQ(judge_one(volume, {.wants_volumes = false}).reason, "watch.volumes is off");
  EXPECT_EQ(judge_one(volume, {.wants_tmpfs = false}).reason, "");
  EXPECT_EQ(judge_one(memory, {.wants_tmpfs = false}).reason, "watch.tmpfs is off");
}

TEST_F(JudgeMounts, SaysWhatItsLimitsCutOff) {
  std::string text;
  for (int i = 0; i < 5; ++i) {
    const auto number = std::to_string(i);
    text += "20" + number + " 100 8:1 /" + number + " /" + number + " rw - ext4 x rw\n";
  }
  const auto judged = judge(text, {.most_marks = 2, .most_mounts = 4});
  ASSERT_EQ(judged.size(), 5U);
  EXPECT_EQ(judged[1].coverage, Coverage::mount);
  EXPECT_THAT(judged[2].reason, HasSubstr("more mounts than are marked"));
  EXPECT_THAT(judged[4].reason, HasSubstr("1 more mounts"));
}

TEST_F(JudgeMounts, CountsASuperblockOnceHoweverOftenItIsMounted) {
  const auto judged = judge(
      "101 100 0:70 / /dev rw - tmpfs x rw\n102 101 0:70 /a /dev/a rw - tmpfs x rw\n"
      "103 100 8:1 /x /data rw - ext4 x rw\n",
      {.most_marks = 1});
  EXPECT_EQ(judged.at(0).coverage, Coverage::file_system);
  EXPECT_EQ(judged.at(1).coverage, Coverage::file_system);
  EXPECT_EQ(judged.at(2).coverage, Coverage::none);
}

TEST_F(JudgeMounts, CallsADirectoryOfTheRootThatIsBoundPartOfTheRoot) {
  const auto judged = judge_one("101 100 0:50 /opt /mnt rw - overlay overlay rw\n");
  EXPECT_EQ(judged.place, model::Place::rootfs);
  EXPECT_EQ(judged.coverage, Coverage::file_system);
}

TEST_F(JudgeMounts, MarksADirectoryOfAHostThatIsOnAnOverlayItselfByItsMount) {
  const HostMounts nested(parse_mountinfo("20 1 0:30 / / rw - overlay overlay rw\n"));
  const auto table =
      parse_mountinfo(std::string(root_text) + "101 100 0:30 /srv /data rw - overlay overlay rw\n");
  EXPECT_EQ(judge_mounts(table, nested).value().at(0).coverage, Coverage::mount);
}

// As of a store that has a directory for each container (podman's and docker's `vfs`).
TEST_F(JudgeMounts, MarksARootThatIsADirectoryOfAHostOnAnOverlayByItsMount) {
  const HostMounts nested(parse_mountinfo("20 1 0:30 / / rw - overlay overlay rw\n"));
  const auto table = parse_mountinfo("100 99 0:30 /srv/c / rw - overlay overlay rw\n");
  const auto judged = judge_mounts(table, nested).value();
  ASSERT_EQ(judged.size(), 1U);
  EXPECT_EQ(judged[0].place, model::Place::rootfs);
  EXPECT_EQ(judged[0].coverage, Coverage::mount);
}

TEST(HostMounts, KnowWhereAFileOfAVolumeLiesOnTheHost) {
  const HostMounts host(
      parse_mountinfo("20 1 8:1 / / rw - ext4 x rw\n21 20 8:2 / /srv rw - ext4 x rw\n22 20 0:30 /@ /btrfs rw "
                      "- btrfs x rw\n"));
  const auto found = host.find({8, 1}, "/var/data", "/data", "/data/sub/x");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].mount_point, "/");
  EXPECT_EQ(found[0].relative, "/var/data/sub/x");
  EXPECT_TRUE(host.find({8, 2}, "/", "/data", "/data/x").empty())
      << "it would keep the volume from being unmounted";
  EXPECT_EQ(host.find({0, 30}, "/@/vol", "/data", "/data/x").at(0).relative, "/vol/x");
  EXPECT_TRUE(host.find({0, 30}, "/@other", "/data", "/data/x").empty());
  EXPECT_TRUE(host.find({8, 1}, "/var/data", "/data", "/database/x").empty());
  EXPECT_TRUE(host.find({9, 9}, "/", "/data", "/data/x").empty());
}

TEST(HostMounts, KnowWhatIsKeptForContainers) {
  for (const char* point : {"/run/containerd/io.containerd.grpc.v1.cri/sandboxes/abc/shm",
                            "/var/lib/docker/containers/abc/mounts/shm",
                            "/var/lib/containers/storage/overlay-containers/abc/userdata/shm",
                            "/var/lib/kubelet/pods/u/volumes/kubernetes.io~empty-dir/cache"}) {
    EXPECT_TRUE(is_kept_for_containers(point)) << point;
  }
  for (const char* point :
       {"/dev/shm", "/run", "/tmp", "/", "/var/lib/kubelet/pods/u/volumes/kubernetes.io~csi/x",
        "/srv/user/shm", "/run/shm"}) {
    EXPECT_FALSE(is_kept_for_containers(point)) << point;
  }
}

}  // namespace
}  // namespace dropwarden::mount
