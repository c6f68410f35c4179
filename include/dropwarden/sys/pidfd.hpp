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

// A duplicate of what is open in that process under `number` (pidfd_getfd(2), Linux 5.6). For who may trace
// it (ptrace(2), PTRACE_MODE_ATTACH_REALCREDS); EBADF when nothing is, ESRCH once the process has ended.
Result<Fd> duplicate_from(int pidfd, int number);

}  // namespace dropwarden::sys
