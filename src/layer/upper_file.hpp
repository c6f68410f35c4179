// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "dropwarden/layer/entry.hpp"
#include "dropwarden/layer/image.hpp"
#include "dropwarden/layer/path.hpp"

namespace dropwarden::layer {

// What a container's upper directory has at a path, and what the image calls that path.
struct UpperFile {
  std::optional<Entry> entry;  // nothing where there is none now, or the file system is not read
  Path image_path;
  bool is_redirected = false;  // a directory on the way was renamed: `image_path` is not the path asked for
};

// Entry and image path belong together: each step is taken from the one before. Opaque directories are passed
// through: what they hide is still what the image had there.
sys::Result<UpperFile> find_upper_file(Image& image, const Path& path);

}  // namespace dropwarden::layer
