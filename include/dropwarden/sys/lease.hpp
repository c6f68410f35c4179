// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/sys/error.hpp"

namespace dropwarden::sys {

// Whether some process can still change what is in a file without opening it again: it has it open for
// writing, or mapped from a descriptor that was, even if that is closed. `fd` is O_RDONLY. Asked by taking a
// read lease and giving it back at once (fcntl(2), F_SETLEASE): who opens the file for writing within that
// microsecond waits, or with O_NONBLOCK gets EWOULDBLOCK, and the kernel sends SIGIO to the calling process,
// which must ignore it. EACCES for a file of another user without CAP_LEASE, EINVAL where a file system has
// no leases.
Result<bool> is_open_for_write(int fd);

}  // namespace dropwarden::sys
