// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// An exclusive lock on the open file (flock(2)), without waiting: EWOULDBLOCK while another open file holds
// it. It ends with the last descriptor of the open file, however the process ends.
Result<void> try_lock(int fd);

// Replaces what a small file holds.
Result<void> write_file(int fd, std::string_view text);

}  // namespace dropwarden::sys
