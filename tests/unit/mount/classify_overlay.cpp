// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "dropwarden/mount/table.hpp"

namespace dropwarden::mount {
namespace {

model::Mount at(std::string mount_point) {
  model::Mount mount;
  mount.mount_point = std::move(mount_point);
  mount.file_system = "overlay";
  return mount;
}

TEST(ClassifyOverlay, KnowsTheTemporaryMountsOfRuntimes) {
  for (const std::string path : {
           "/var/lib/containerd/tmpmounts/containerd-mount1234567",
           "/tmp/containerd-mount0",
           "/var/tmp/containerd-mount42",
           "/var/lib/docker/overlay2/0a1b-init/merged",
       }) {
    EXPECT_EQ(classify_overlay(at(path)), OverlayUse::temporary) << path;
  }
}

TEST(ClassifyOverlay, TakesAllElseForAContainer) {
  for (const std::string path : {
           "/run/containerd/io.containerd.runtime.v2.task/k8s.io/abc/rootfs",
           "/var/lib/docker/overlay2/0a1b/merged",
           "/var/lib/containers/storage/overlay/0a1b/merged",
           "/var/lib/docker/rootfs/overlayfs/0a1b",
           "/tmp/containerd-mount",
           "/tmp/containerd-mount7/rootfs",
           "/tmp/x/containerd-mount7",
           "/tmp/containerd-mount7x",
           "/srv/x-init/merged/y",
           "/",
           "",
       }) {
    EXPECT_EQ(classify_overlay(at(path)), OverlayUse::container) << path;
  }
}

TEST(ContainerIdOf, ReadsItFromTheMountPointsThatCarryOne) {
  EXPECT_EQ(container_id_of(at("/run/containerd/io.containerd.runtime.v2.task/k8s.io/0a1b/rootfs"))->value,
            "0a1b");
  EXPECT_EQ(container_id_of(at("/run/k3s/containerd/io.containerd.runtime.v2.task/default/my-app_1.0/rootfs"))
                ->value,
            "my-app_1.0");
  EXPECT_EQ(container_id_of(at("/run/containerd/io.containerd.runtime.v1.linux/moby/0a1b/rootfs"))->value,
            "0a1b");
  EXPECT_EQ(container_id_of(at("/var/lib/docker/rootfs/overlayfs/0a1b"))->value, "0a1b");
}

TEST(ContainerIdOf, FindsNoneElsewhere) {
  for (const std::string path : {
           "/var/lib/docker/overlay2/0a1b/merged",
           "/run/containerd/io.containerd.runtime.v2.task/k8s.io/0a1b/rootfs/sub",
           "/run/containerd/io.containerd.runtime.v2.task/k8s.io/../rootfs",
           "/run/containerd/io.containerd.runtime.v2.task/k8s.io//rootfs",
           "/run/containerd/io.containerd.runtime.v2.task/k8s.io/a b/rootfs",
           "/run/containerd/other/k8s.io/0a1b/rootfs",
           "/overlayfs/0a1b",
           "/rootfs",
           "/",
           "",
       }) {
    EXPECT_EQ(container_id_of(at(path)), std::nullopt) << path;
  }
  EXPECT_EQ(container_id_of(at("/d/rootfs/overlayfs/" + std::string(129, 'a'))), std::nullopt);
}

}  // namespace
}  // namespace dropwarden::mount
