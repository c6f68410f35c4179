// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// Creates `path`, but not its parents, with the permission bits `mode` (less the umask). Well, too, when a
// directory is there already: its mode and owner stay as they are.
Result<void> make_directory(const std::string& path, std::uint32_t mode);

// Removes a socket, if there is one; ENOTSOCK when something else is at `path`.
Result<void> remove_socket(const std::string& path);

}  // namespace dropwarden::sys
