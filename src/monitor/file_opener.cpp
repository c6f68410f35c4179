// SPDX-License-Identifier: Apache-2.0
#include "file_opener.hpp"

#include <cerrno>

#include "dropwarden/layer/entry.hpp"

namespace dropwarden::monitor {
namespace {

// Of one file system, tried one after the other.
constexpr int max_host_mounts = 4;

sys::Fd accepted(sys::Result<sys::Fd> file, const FileOpener::Accept& accept) {
  if (!file) return {};
  const auto status = sys::read_status(file->number());
  return status && accept(*status) ? std::move(*file) : sys::Fd{};
}

}  // namespace

sys::Fd FileOpener::open(const WatchedMount& mount, const std::string& path, const Accept& accept) const {
  if (mount.is_overlay()) return open_in_upper(mount.layers, path, accept);
  int tries = 0;
  for (const mount::HostPath& place : find_on_host_(mount, path)) {
    if (++tries > max_host_mounts) break;
    if (auto file = open_in(place.mount_point, place.relative, accept)) return file;
  }
  return {};
}

sys::Fd FileOpener::open_in_upper(const model::OverlayLayers& layers, const std::string& path,
                                  const Accept& accept) const {
  if (layers.upperdir.empty()) return {};
  if (!layers.upper) return open_in(layers.upperdir, path, accept);
  const auto top = layer::open_upper(privilege_, layers);
  const auto entry = top ? privilege_.open_entry(top->number(), path) : std::unexpected(top.error());
  return entry ? accepted(privilege_.open_regular_file(entry->number()), accept) : sys::Fd{};
}

sys::Fd FileOpener::open_in(const std::string& directory, const std::string& relative,
                            const Accept& accept) const {
  return accepted(privilege_.open_in_directory(directory, relative), accept);
}

sys::Result<sys::Fd> FileOpener::open_by_handle(const privilege::HostMount& mount,
                                                const sys::FileHandle& handle) const {
  const auto top = privilege_.open_handle_mount(mount);
  // Not ESTALE, which would say that the file is gone.
  if (!top) return std::unexpected(sys::Error{"open", mount.path, ENODEV});
  return privilege_.open_by_handle(top->number(), handle);
}

}  // namespace dropwarden::monitor
