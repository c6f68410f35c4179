// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/mount.hpp"

namespace dropwarden::mount {

// Text of a mountinfo file (proc(5)) as mounts, in its order. A line that does not parse is passed over and counted in
// `malformed` when that is given. Pure.
std::vector<model::Mount> parse_mountinfo(std::string_view text, std::size_t* malformed = nullptr);

// The layers of an overlay from its mountinfo line: `lowerdir=A:B`, repeated `lowerdir+=`, the kernel's escapes (`\040`,
// `\134:`), and the relative forms that containerd and podman use with many layers, resolved against the place
// that runtime resolves them (facts: base of containerd is two above the upperdir, of docker and podman two above the mount point). Nothing when
// `mount` is no overlay. Pure.
std::optional<model::OverlayLayers> parse_overlay_layers(const model::Mount& mount);

// What an overlay in the host's mount table is there for.
enum class OverlayUse {
  container,  // looks like, or may be, the root file system of a container: to be marked
  temporary,  // a runtime unpacks or prepares in it (`tmpmounts`, `/tmp/containerd-mountN`, `<layer>-init/merged`): never marked
};
// By mount point and layers alone. Pure.
OverlayUse classify_overlay(const model::Mount& mount);

// The container ID that a mount point carries (containerd: `…/io.containerd.runtime.v2.task/<namespace>/<id>/rootfs`;
// docker with the containerd image store: `…/rootfs/overlayfs/<id>`). Nothing where the path names a layer. Pure.
std::optional<model::ContainerId> container_id_of(const model::Mount& mount);

// What changed between two readings of the table. A mount is the same when id, device and mount point are: an ID is
// reused. Pure.
struct TableChange {
  std::vector<model::Mount> appeared;
  std::vector<model::Mount> vanished;
};
TableChange compare_tables(const std::vector<model::Mount>& before, const std::vector<model::Mount>& after);

}  // namespace dropwarden::mount
