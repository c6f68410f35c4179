// SPDX-License-Identifier: Apache-2.0
#include "upper_file.hpp"

#include <cerrno>
#include <utility>

namespace dropwarden::layer {

sys::Result<UpperFile> find_upper_file(privilege::Privilege& privilege, const model::OverlayLayers& layers,
                                       const ReadableMounts& mounts, const Path& path) {
  UpperFile upper{.entry = {}, .image_path = path};
  auto directory = privilege.open_layer(layers.upperdir);
  if (!directory && directory.error().number == ENOENT) return upper;  // the container was removed
  if (!directory) return std::unexpected(std::move(directory.error()));
  const auto mount = sys::read_mount_id(directory->number());
  if (!mount || !mounts.contains({*mount})) return upper;

  if (path.empty()) return upper;
  auto way = open_way(privilege, layers, directory->number(), path);
  Path image_path;
  for (std::size_t i = 0; i < way.size(); ++i) {
    auto& entry = way[i];
    const bool is_last = i + 1 == path.size();
    if (!entry && entry.error().number != ENOENT) return std::unexpected(std::move(entry.error()));
    if (!entry || entry->is_directory() == is_last) {
      // Removed since, or something else by now. The rest of the path is the image's, too.
      image_path.insert(image_path.end(), path.begin() + static_cast<std::ptrdiff_t>(i), path.end());
      break;
    }
    image_path.push_back(path[i]);
    if (is_last) {
      upper.entry = std::move(*entry);
      break;
    }
    if (entry->attributes.redirect) {
      auto redirected = redirect_path(std::move(image_path), *entry->attributes.redirect);
      if (!redirected) return std::unexpected(std::move(redirected.error()));
      image_path = std::move(*redirected);
      upper.is_redirected = true;
    }
  }
  upper.image_path = std::move(image_path);
  return upper;
}

}  // namespace dropwarden::layer
