// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dropwarden/sys/error.hpp"
#include "dropwarden/sys/fd.hpp"

namespace dropwarden::sys {

// A descriptor that stays with this one process, whatever becomes of its number (pidfd_open(2), Linux 5.3).
// `pid` is the thread group leader's, in the caller's pid namespace. ESRCH once the process has been waited
// for; a zombie still opens.
Result<Fd> open_pidfd(std::int32_t pid);

// Whether every thread of the process has ended (pidfd_open(2): the descriptor is readable then). Never
// waits.
Result<bool> has_exited(int pidfd);

}  // namespace dropwarden::sys
