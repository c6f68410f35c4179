// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/model/mount.hpp"

namespace dropwarden::mount {

// Text of a mountinfo file (proc(5)) as mounts, in its order. A line that does not parse is passed over and
// counted in `malformed` when that is given. Pure.
std::vector<model::Mount> parse_mountinfo(std::string_view text, std::size_t* malformed = nullptr);

// The mount at `/`, of several the last, since it covers those before; in `table`, null when there is none.
// Pure.
const model::Mount* find_root(const std::vector<model::Mount>& table);

// The layers of an overlay from its mountinfo line: `lowerdir=A:B`, `lowerdir+=A` repeated, data-only layers,
// the escapes of the kernel and of overlayfs (`\040`, `\134:`), and the relative names that runtimes use with
// many layers, resolved against where the runtime stood when it mounted: two above the upperdir (containerd)
// or two above a mount point named `merged` (docker, podman). A relative name that neither explains stays
// relative. Nothing when `mount` is no overlay. Pure.
std::optional<model::OverlayLayers> parse_overlay_layers(const model::Mount& mount);

// What an overlay in the host's mount table is there for.
enum class OverlayUse {
  // Is, or may be, the root file system of a container: to be marked.
  container,
  // A runtime unpacks or prepares in it (`tmpmounts/containerd-mountN`, `/tmp/containerd-mountN`,
  // `<layer>-init/merged`): never marked, since its removal must not meet a pinned mount.
  temporary,
};
// By mount point alone. Pure.
OverlayUse classify_overlay(const model::Mount& mount);

// The container ID that a mount point carries (containerd:
// `…/io.containerd.runtime.v2.task/<namespace>/<id>/rootfs`; docker with the containerd image store:
// `…/rootfs/overlayfs/<id>`). Nothing where the path names a layer. Pure.
std::optional<model::ContainerId> container_id_of(const model::Mount& mount);

// What changed between two readings of the table. A mount is the same when id, device and mount point are: an
// ID is reused. Pure.
struct TableChange {
  std::vector<model::Mount> appeared;
  std::vector<model::Mount> vanished;
};
TableChange compare_tables(const std::vector<model::Mount>& before, const std::vector<model::Mount>& after);

}  // namespace dropwarden::mount
