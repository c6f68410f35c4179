// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "dropwarden/mount/table.hpp"
#include "dropwarden/util/text.hpp"

#include "path.hpp"

namespace dropwarden::mount {
namespace {

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}
bool is_alphanumeric(char byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

// containerd mounts a snapshot for a moment, to read or to unpack it: below its root since 1.6, before that
// (and by `ctr`) in the directory for temporary files.
bool is_containerd_temporary(std::string_view mount_point) {
  constexpr std::string_view prefix = "containerd-mount";
  std::string_view name = name_in(mount_point);
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  if (name.empty() || !std::ranges::all_of(name, is_digit)) return false;
  const std::string_view parent = parent_of(mount_point);
  return name_in(parent) == "tmpmounts" || parent == "/tmp" || parent == "/var/tmp";
}

// docker prepares /etc/hosts and the like in a layer of its own below the container's.
bool is_docker_init_layer(std::string_view mount_point) {
  return name_in(mount_point) == "merged" && name_in(parent_of(mount_point)).ends_with("-init");
}

// What containerd allows in an ID (`identifiers`): no path can come out of it.
bool is_container_name(std::string_view id) {
  constexpr std::size_t max_length = 128;
  return !id.empty() && id.size() <= max_length && is_alphanumeric(id.front()) &&
         std::ranges::all_of(id, [](char byte) {
           return is_alphanumeric(byte) || byte == '-' || byte == '_' || byte == '.';
         });
}

// `…/<task directory>/<namespace>/<id>/rootfs`.
std::string_view containerd_id(std::string_view mount_point) {
  constexpr std::array<std::string_view, 2> task_directories{"io.containerd.runtime.v2.task",
                                                             "io.containerd.runtime.v1.linux"};
  const std::string_view bundle = parent_of(mount_point);
  if (name_in(mount_point) != "rootfs") return {};
  if (std::ranges::find(task_directories, name_in(parent_of(parent_of(bundle)))) == task_directories.end())
    return {};
  return name_in(bundle);
}

// `…/rootfs/overlayfs/<id>`: docker with containerd's image store.
std::string_view docker_id(std::string_view mount_point) {
  const std::string_view parent = parent_of(mount_point);
  if (name_in(parent) != "overlayfs" || name_in(parent_of(parent)) != "rootfs") return {};
  return name_in(mount_point);
}

}  // namespace

OverlayUse classify_overlay(const model::Mount& mount) {
  const bool is_temporary =
      is_containerd_temporary(mount.mount_point) || is_docker_init_layer(mount.mount_point);
  return is_temporary ? OverlayUse::temporary : OverlayUse::container;
}

std::optional<model::ContainerId> container_id_of(const model::Mount& mount) {
  for (const std::string_view id : {containerd_id(mount.mount_point), docker_id(mount.mount_point)}) {
    if (is_container_name(id)) return model::ContainerId{std::string(id)};
  }
  return std::nullopt;
}

}  // namespace dropwarden::mount
