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

}  // namespace
}  // namespace dropwarden::layer
