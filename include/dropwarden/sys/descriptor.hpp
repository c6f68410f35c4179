// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// One read(2): what is there now, at most `into.size()` bytes; 0 at the end. EINTR is retried, EAGAIN is an
// error.
Result<std::size_t> read_some(int fd, std::span<std::byte> into);

// Bytes that wait to be read from a pipe, a socket or an fanotify group (FIONREAD, fanotify(7)).
Result<std::size_t> read_queued_bytes(int fd);

// Sets the file offset to 0, so that the next read makes a file of /proc anew.
Result<void> rewind(int fd);

// Whether poll(2) says POLLPRI now. Asking takes the answer away: on a mountinfo it is true once a change
// (proc(5)).
Result<bool> take_urgent(int fd);

}  // namespace dropwarden::sys
