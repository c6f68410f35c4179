// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/privilege/privilege.hpp"

#include "throwaway_container.hpp"

namespace dropwarden::cli {

// Whether a mark tells of an execution that fails with ETXTBSY, since somebody has the file open for writing
// (execve(2)): tried with a group of its own in the container, which is mounted. Since Linux 6.5 the event
// comes with the open; before, only after the kernel has looked for writers. Leaves an empty file. Throws
// sys::SystemError.
bool tells_of_busy_execution(privilege::Privilege& privilege, const ThrowawayContainer& container);

}  // namespace dropwarden::cli
