// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dropwarden::test {

// Whether FAN_OPEN_EXEC tells of an execution that fails with ETXTBSY, since somebody has the file open for
// writing (execve(2)). Since Linux 6.5 the event comes with the open itself, before that only after the
// kernel has looked for writers. Tried once, on a file of its own; needs CAP_SYS_ADMIN. Throws
// sys::SystemError.
bool tells_of_busy_execution();

}  // namespace dropwarden::test
