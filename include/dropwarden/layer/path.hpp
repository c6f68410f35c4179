// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::layer {

// Names from the root of a layer down.
using Path = std::vector<std::string>;

// `/usr/bin/sh` as names; empty ones are passed over. EINVAL for `.` and `..`, which no path of the kernel
// holds. Pure.
sys::Result<Path> parse_path(std::string_view path);

// Where a directory or file that was renamed is to be looked for in the layers below: `redirect` is a name
// beside `path` or, with a slash in front, a path from the root. Replaces the last of `path`, or all of it.
// EINVAL for what overlayfs itself refuses. Pure.
sys::Result<Path> redirect_path(Path path, std::string_view redirect);

}  // namespace dropwarden::layer
