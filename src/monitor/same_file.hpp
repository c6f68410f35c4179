// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/sys/file.hpp"

namespace dropwarden::monitor {

// Whether what a name led to is the file that was looked at by its descriptor `before` that and `after` it.
// link(2), chmod(2) and rename(2) move its ctime at any moment, so it may have been any between the two.
inline bool is_same_file(const sys::FileStatus& before, const sys::FileStatus& seen,
                         const sys::FileStatus& after) {
  const auto has_content_of = [&](const sys::FileStatus& other) {
    return seen.size == other.size && seen.modified == other.modified;
  };
  return has_content_of(before) && has_content_of(after) && before.changed <= seen.changed &&
         seen.changed <= after.changed;
}

}  // namespace dropwarden::monitor
