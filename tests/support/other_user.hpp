// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <sys/resource.h>
#include <sys/types.h>

namespace dropwarden::test {

// The calling process becomes that user, for good. For bodies of children: throws sys::SystemError.
void become_user(uid_t user);

// Whose process that is, by its real user ID.
std::optional<uid_t> user_of(pid_t process);

// RLIMIT_NOFILE of a process from now on; what it was. The limits of another user's process take
// CAP_SYS_RESOURCE, so it is done as that user (prlimit(2)). Needs root.
std::optional<rlim_t> limit_descriptors(pid_t process, rlim_t number);

}  // namespace dropwarden::test
