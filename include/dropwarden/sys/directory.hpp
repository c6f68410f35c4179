// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// Creates `path`, but not its parents, with the permission bits `mode` (less the umask). Well, too, when a
// directory is there already: its mode and owner stay as they are.
Result<void> make_directory(const std::string& path, std::uint32_t mode);

// The names in the open directory `fd`, as the kernel lists them, without `.` and `..`: the first
// `max_names`.
Result<std::vector<std::string>> list_directory(int fd, std::size_t max_names);

// Removes a socket, if there is one; ENOTSOCK when something else is at `path`.
Result<void> remove_socket(const std::string& path);

}  // namespace dropwarden::sys
