// SPDX-License-Identifier: Apache-2.0
#include "hidden_overlay.hpp"

#include <cerrno>
#include <string>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/mount/layer_problem.hpp"
#include "dropwarden/mount/table.hpp"
#include "dropwarden/privilege/places.hpp"
#include "dropwarden/sys/file.hpp"
#include "dropwarden/sys/upper_directory.hpp"

namespace dropwarden::mount {
namespace {

std::unexpected<sys::Error> foreign(const char* reason) {
  return std::unexpected(sys::Error{privilege::foreign_overlay, reason, EPERM});
}

// The type is looked at first: to ask a file system for the directory may already be to wait for its server.
sys::Result<sys::Fd> open_local(const std::string& layer, const HostTable& host,
                                privilege::Privilege& direct) {
  const model::Mount* nearest = host.nearest(layer);
  if (nearest != nullptr && !is_safe_to_cross(nearest->file_system)) return foreign(layer_may_never_answer);
  auto opened = direct.open_layer(layer);
  if (!opened && is_absence(opened.error())) return foreign(layer_is_absent);
  if (!opened) return opened;
  const auto id = sys::read_mount_id(opened->number());
  if (!id) return std::unexpected(id.error());
  const model::Mount* mount = host.find(*id);
  const bool is_local = mount != nullptr && has_local_files(mount->file_system);
  return is_local ? std::move(opened) : foreign(layer_may_never_answer);
}

// The file systems of the kernel tell whether a file is left out of dumps (chattr(1), `d`), and FUSE does not
// (tests/kernel/hidden_overlays.cpp): for its top an overlay says what the upper directory does. Nobody is
// asked. A kernel on which a server can say so, too, makes this thread wait for it, and no more.
sys::Result<void> check_served_by_kernel(int top) {
  const auto status = sys::read_cached_status(top);
  if (!status) return std::unexpected(status.error());
  if ((status->told_attributes & STATX_ATTR_NODUMP) == 0)
    return foreign("its upper directory may lie on a file system that might never answer");
  return {};
}

sys::Result<void> check_of_other_users(const HiddenOverlay& overlay, const model::OverlayLayers& layers) {
  if ((overlay.mask & FAN_OPEN_EXEC) != 0)
    return std::unexpected(sys::Error{"fanotify_mark", "executions in an overlay of other users", EPERM});
  if (layers.upperdir.empty())
    return foreign("it was mounted in another user namespace, and nothing can be written to it");
  return {};
}

// Those of other users are not looked at: what is told of such an overlay opens no file of a lower layer.
sys::Result<void> check_lower(const std::vector<std::string>& lowerdirs, const HostTable& host,
                              privilege::Privilege& direct) {
  for (const std::string& lower : lowerdirs) {
    const auto opened = open_local(lower, host, direct);
    if (!opened) return std::unexpected(opened.error());
  }
  return {};
}

sys::Result<privilege::ProvenUpper> identify(const sys::Fd& directory) {
  const auto status = sys::read_cached_status(directory.number());
  if (!status) return std::unexpected(status.error());
  return privilege::DirectoryIdentity{
      .device_major = status->device_major, .device_minor = status->device_minor, .inode = status->inode};
}

sys::Result<privilege::ProvenUpper> prove_upper(const HiddenOverlay& overlay, const std::string& upperdir,
                                                const HostTable& host, privilege::Privilege& direct) {
  if (upperdir.empty()) return std::nullopt;
  const auto upper = open_local(upperdir, host, direct);
  if (!upper) return std::unexpected(upper.error());
  const auto is_its_own = sys::is_upper_directory(overlay.top, upper->number());
  if (!is_its_own) return std::unexpected(is_its_own.error());
  if (!*is_its_own) return foreign("its upper directory is not the one that this host has at that path");
  return identify(*upper);
}

}  // namespace

sys::Result<privilege::ProvenUpper> check_hidden_overlay(const HiddenOverlay& overlay, const HostTable& host,
                                                         privilege::Privilege& direct) {
  const auto layers = parse_overlay_layers(overlay.mount).value_or(model::OverlayLayers{});
  // The top of a part of it says nothing of the upper directory.
  if (overlay.mount.root != "/") return foreign("a part of it is mounted, and not its top");
  auto checked = overlay.is_of_other_users ? check_of_other_users(overlay, layers) : sys::Result<void>();
  if (checked && !layers.upperdir.empty()) checked = check_served_by_kernel(overlay.top);
  if (checked && overlay.has_host && !overlay.is_of_other_users)
    checked = check_lower(layers.lowerdirs, host, direct);
  if (!checked) return std::unexpected(checked.error());
  auto upper = prove_upper(overlay, layers.upperdir, host, direct);
  return upper || overlay.has_host ? std::move(upper) : std::nullopt;
}

privilege::ProvenUpper read_shown_upper(const model::Mount& overlay, const HostTable& host,
                                        privilege::Privilege& direct) {
  const auto layers = parse_overlay_layers(overlay).value_or(model::OverlayLayers{});
  if (layers.upperdir.empty()) return std::nullopt;
  const auto upper = open_local(layers.upperdir, host, direct);
  return upper ? identify(*upper).value_or(std::nullopt) : std::nullopt;
}

}  // namespace dropwarden::mount
