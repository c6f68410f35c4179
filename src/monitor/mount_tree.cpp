// SPDX-License-Identifier: Apache-2.0
#include "mount_tree.hpp"

#include <cerrno>
#include <utility>

#include "dropwarden/layer/entry.hpp"
#include "dropwarden/mount/file_system.hpp"
#include "dropwarden/sys/file.hpp"

#include "same_file.hpp"

// Must not hold anything of a container between two calls.
namespace dropwarden::monitor {
namespace {

// Of one file system, tried one after the other.
constexpr std::size_t max_host_mounts = 4;

bool is_local(const std::string& type) {
  model::Mount mount;
  mount.file_system = type;
  return layer::is_readable(mount);
}

}  // namespace

sys::Result<sys::Fd> MountTree::open() {
  if (mount_.is_overlay()) return layer::open_upper_tree(privilege_, *readable_, mount_.layers);
  if (!is_local(mount_.type)) return std::unexpected(sys::Error{"scan", mount_.path, ENOTSUP});
  // The container's own says which directory it is; what the host has at that path may be another.
  auto own = open_container_mount();
  if (!own) return own;
  const auto wanted = sys::read_status(own->number());
  if (!wanted) return std::unexpected(wanted.error());
  for (std::size_t i = 0; i < host_.size() && i < max_host_mounts; ++i) {
    auto opened = open_on_host(host_[i]);
    if (!opened) continue;
    const auto status = sys::read_status(opened->number());
    if (status && sys::is_same_object(*status, *wanted)) return opened;
  }
  return own;
}

sys::Result<sys::Fd> MountTree::open_container_mount() {
  return privilege_.open_mount(mount_.init.value,
                               {.path = mount_.path,
                                .mount_id = mount_.mount.value,
                                .type = mount_.type,
                                .type_magic = mount::watchable_magic(mount_.type).value_or(0)});
}

sys::Result<sys::Fd> MountTree::open_on_host(const mount::HostPath& place) {
  auto top = layer::open_tree(privilege_, *readable_, place.mount_point);
  if (!top || place.relative.empty()) return top;
  auto entry = layer::open_far_entry(privilege_, top->number(), place.relative);
  if (!entry) return std::unexpected(entry.error());
  return std::move(entry->file);
}

std::string MountTree::in_container(std::string_view path) const {
  const bool is_root = mount_.is_overlay() || mount_.path == "/";
  return (is_root ? std::string() : mount_.path) + std::string(path);
}

std::optional<Located::Numbers> MountTree::numbers(const layer::ScannedFile& file) {
  const std::string root = mount_.is_overlay() ? way_through(mount_) : std::string();
  if (root.empty()) return std::nullopt;
  const auto merged = privilege_.open_layer(root);
  if (!merged) return std::nullopt;
  const auto entry = layer::open_far_entry(privilege_, merged->number(), file.path);
  const auto after = sys::read_status(file.file.number());
  if (!entry || !after || !is_same_file(file.status, entry->status, *after)) return std::nullopt;
  const sys::FileStatus& status = entry->status;
  return Located::Numbers{.inode = status.inode, .device = {status.device_major, status.device_minor}};
}

}  // namespace dropwarden::monitor
