// SPDX-License-Identifier: Apache-2.0
#include "upper_file.hpp"

#include <cerrno>
#include <utility>

namespace dropwarden::layer {

sys::Result<UpperFile> find_upper_file(Image& image, const Path& path) {
  UpperFile upper{.entry = {}, .image_path = path};
  if (path.empty()) return upper;
  if (auto foreseen = image.take_upper(path)) {
    if (!*foreseen && foreseen->error().number != ENOENT)
      return std::unexpected(std::move(foreseen->error()));
    if (*foreseen && !(*foreseen)->is_directory()) upper.entry = std::move(**foreseen);
    return upper;
  }
  auto way = image.trees().follow_upper(path);
  if (!way) return std::unexpected(std::move(way.error()));
  if (!*way) return upper;
  Path image_path;
  for (std::size_t i = 0; i < (*way)->size(); ++i) {
    auto& entry = (**way)[i];
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
