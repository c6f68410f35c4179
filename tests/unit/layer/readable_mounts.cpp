// SPDX-License-Identifier: Apache-2.0
#include "dropwarden/layer/readable_mounts.hpp"

#include <gtest/gtest.h>

namespace dropwarden::layer {
namespace {

model::Mount mount_of(std::uint64_t id, std::string file_system, std::string super_options = "rw") {
  model::Mount mount;
  mount.id = {id};
  mount.file_system = std::move(file_system);
  mount.super_options = std::move(super_options);
  return mount;
}

TEST(ReadableMounts, AreThoseOfLocalFileSystems) {
  for (const char* name : {"ext4", "xfs", "btrfs", "tmpfs", "zfs", "squashfs", "erofs"}) {
    EXPECT_TRUE(is_readable(mount_of(1, name))) << name;
  }
}

TEST(ReadableMounts, AreNoneThatAProcessOrANetworkAnswersFor) {
  for (const char* name : {"fuse", "fuse.stargz", "fuse.fuse-overlayfs", "fuseblk", "virtiofs", "nfs", "nfs4",
                           "cifs", "9p", "ceph", "autofs", "overlay", "", "proc"}) {
    EXPECT_FALSE(is_readable(mount_of(1, name))) << name;
  }
  EXPECT_FALSE(is_readable(mount_of(1, "erofs", "ro,user_xattr,fsid=a,domain_id=b")))
      << "fetched by a daemon";
  EXPECT_TRUE(is_readable(mount_of(1, "erofs", "ro,user_xattr")));
}

TEST(ReadableMounts, AreKnownByTheirNumbers) {
  const ReadableMounts mounts({mount_of(7, "ext4"), mount_of(8, "fuse.stargz")});
  EXPECT_TRUE(mounts.contains({7}));
  EXPECT_FALSE(mounts.contains({8}));
  EXPECT_FALSE(mounts.contains({9}));
  EXPECT_FALSE(ReadableMounts().contains({0}));
}

TEST(ReadableMounts, AreFoundByTheMountPointThatLiesNearestAbove) {
  const auto mounted_at = [](std::uint64_t id, const char* type, const char* point) {
    auto mount = mount_of(id, type);
    mount.mount_point = point;
    return mount;
  };
  const ReadableMounts mounts({mounted_at(1, "ext4", "/"), mounted_at(2, "xfs", "/var/lib"),
                               mounted_at(3, "overlay", "/var/lib/docker/x/merged"),
                               mounted_at(4, "tmpfs", "/var/lib")});
  EXPECT_EQ(mounts.find("/var/lib/docker/x"), model::MountId{4}) << "it lies over the other";
  EXPECT_EQ(mounts.find("/var/lib/docker/x/merged/y"), model::MountId{4}) << "none that is read";
  EXPECT_EQ(mounts.find("/var/lib"), model::MountId{4});
  EXPECT_EQ(mounts.find("/var/library"), model::MountId{1});
  EXPECT_EQ(mounts.find("/"), model::MountId{1});
  EXPECT_EQ(mounts.find(""), std::nullopt);
  EXPECT_EQ(mounts.find("relative/path"), std::nullopt);
  EXPECT_EQ(ReadableMounts({mounted_at(2, "xfs", "/var")}).find("/usr"), std::nullopt);
}

}  // namespace
}  // namespace dropwarden::layer
