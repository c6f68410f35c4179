// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <string>

#include "dropwarden/layer/origin.hpp"
#include "dropwarden/sys/file.hpp"

namespace dropwarden::test {

// The facts of a file as its event would give them: `path` in the container, which is `file` here. Throws
// SystemError.
inline layer::SeenFile see_file(const std::string& file, const std::string& path) {
  const auto opened = sys::value_or_throw(sys::open_path(file, O_RDONLY));
  const auto status = sys::value_or_throw(sys::read_status(opened.number()));
  layer::SeenFile seen{.facts = {}, .is_path_certain = true};
  seen.facts.path = path;
  seen.facts.size = status.size;
  seen.facts.modified = status.modified;
  seen.facts.changed = status.changed;
  seen.facts.inode = status.inode;
  return seen;
}

}  // namespace dropwarden::test
