// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dropwarden/sandbox/profile.hpp"
#include "dropwarden/sys/error.hpp"

namespace dropwarden::sandbox {

// From now on a refused call (SECCOMP_RET_TRAP) returns ENOSYS, is counted, and is said once. Without this,
// or in a thread that blocks SIGSYS, it ends the process. Needs calls that the filter refuses, so it comes
// first.
sys::Result<void> handle_refused_calls(Profile profile);

}  // namespace dropwarden::sandbox
