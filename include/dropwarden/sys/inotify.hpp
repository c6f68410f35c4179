// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// inotify_init1(2), non-blocking. EMFILE where the user has as many as it may have.
Result<Fd> open_inotify();

// Files that are written and closed in `directory`, and names that come and go there, will make `inotify`
// readable. To watch one again changes nothing. ENOENT and ENOTDIR where there is no such directory.
Result<void> watch_directory(int inotify, const std::string& directory);

// The names of all that can be read, without their directories; empty ones for what happened to a directory
// itself, and for events that were lost.
std::vector<std::string> read_names(int inotify);

// Adds those of `events`, as they are read from such a descriptor (inotify(7)). Pure.
void parse_names(std::string_view events, std::vector<std::string>& names);

}  // namespace dropwarden::sys
